//! From a request to its handler, in PVE's order: path, login, host, rights, parameters.

use std::collections::BTreeMap;

use serde_json::json;

use crate::proxmox::answer::{Answer, Refusal, Reply};
use crate::proxmox::auth::{self, User, authenticate};
use crate::proxmox::call::Call;
use crate::proxmox::codec::percent_decode;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::fetch::Fetched;
use crate::proxmox::request::{Body, Request};
use crate::proxmox::schema::{Arguments, Guard, Method, Value, check_arguments, schema};
use crate::proxmox::{cluster, node, storage, task, vm};

/// What a request came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Done(Answer),
    /// To be tried again at that moment, in milliseconds of the lab's clock.
    Later(i64),
    /// To be tried again with another server's answer.
    Ask(crate::proxmox::fetch::Fetch),
}

impl Datacenter {
    /// Answers a request.
    pub(crate) fn handle(&mut self, request: &Request, fetched: Option<&Fetched>) -> Outcome {
        let version = self.version;
        match self.dispatch(request, fetched) {
            Ok(answer) => Outcome::Done(answer),
            Err(Refusal::Later(moment)) => Outcome::Later(moment),
            Err(Refusal::Ask(fetch)) => Outcome::Ask(fetch),
            Err(refusal) => Outcome::Done(version.shape(refusal.answer())),
        }
    }

    fn dispatch(&mut self, request: &Request, fetched: Option<&Fetched>) -> Reply<Answer> {
        if !["GET", "POST", "PUT", "DELETE"].contains(&request.verb.as_str()) {
            let reason = format!("method '{}' not available", request.verb);
            return Err(Refusal::Bare(501, reason));
        }
        let found =
            find(&request.verb, &request.path).filter(|(method, _)| self.version.serves(method));
        let world = found
            .as_ref()
            .is_some_and(|(method, _)| method.guard == Guard::World);
        let user = match world {
            true => User::nobody(),
            false => authenticate(self, request)?,
        };
        let plain = percent_decode(&request.path, false);
        let Some((method, in_path)) = found else {
            self.check_ticket_only(&user, &plain)?;
            let text = format!("Method '{} {plain}' not implemented", request.verb);
            return Err(Refusal::status(501, text));
        };
        self.check_host(&in_path)?;
        let mut sent = request.parameters();
        self.check_guard(method, &user, &in_path, &sent)?;
        check_fields(request, method)?;
        sent.extend(in_path);
        let known = |name: &str| self.version.knows(name);
        let args = check_arguments(method, sent, known).map_err(Refusal::parameters)?;
        let file = match &request.body {
            Body::Upload(_, file) => file.as_ref(),
            _ => None,
        };
        let mut call = Call {
            dc: self,
            user,
            args,
            fetched,
            file,
            total: None,
        };
        let data = serve(method, &mut call)?;
        let total = call.total;
        let mut answer = Answer::data(data);
        if let (Some(total), Some(body)) = (total, &mut answer.body) {
            body["total"] = json!(total);
        }
        Ok(answer)
    }

    /// Calls that no token may make, whatever it is allowed to.
    fn check_ticket_only(&self, user: &User, path: &str) -> Reply<()> {
        let only = path.starts_with("/access/password") || path.starts_with("/access/tfa");
        if !only || user.by_ticket {
            return Ok(());
        }
        Err(Refusal::forbidden(&format!(
            "URI '{path}' not available with API token, need proper ticket.\n"
        )))
    }

    /// Requests for another host are passed on to it.
    fn check_host(&self, in_path: &BTreeMap<String, Value>) -> Reply<()> {
        let Some(Value::One(name)) = in_path.get("node") else {
            return Ok(());
        };
        match self.hosts.get(name) {
            None => Err(Refusal::die(format!(
                "hostname lookup '{name}' failed - failed to get address info for: {name}: Temporary failure in name resolution"
            ))),
            // AnyEvent's own status of a connection that was refused (reference).
            Some(host) if !host.online => Err(Refusal::Bare(595, "No route to host".to_owned())),
            Some(_) => Ok(()),
        }
    }

    fn check_guard(
        &mut self,
        method: &Method,
        user: &User,
        in_path: &BTreeMap<String, Value>,
        sent: &BTreeMap<String, Value>,
    ) -> Reply<()> {
        let one = |(name, value): (&String, &Value)| match value {
            Value::One(value) => Some((name.clone(), value.clone())),
            Value::Many(_) => None,
        };
        let values: BTreeMap<String, String> = sent.iter().chain(in_path).filter_map(one).collect();
        let args = Arguments {
            values,
            ..Arguments::default()
        };
        let call = Call {
            dc: self,
            user: user.clone(),
            args,
            fetched: None,
            file: None,
            total: None,
        };
        match &method.guard {
            Guard::World | Guard::AnyUser => Ok(()),
            Guard::Code => check_by_code(method, &call),
            Guard::Privileges(path, names, all) => check_privileges(&call, path, names, *all),
        }
    }
}

fn check_privileges(call: &Call<'_>, path: &str, names: &[String], all: bool) -> Reply<()> {
    let place = |part: &str| match part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'))
    {
        Some(name) => call.text(name).to_owned(),
        None => part.to_owned(),
    };
    let path = path
        .split('/')
        .map(place)
        .collect::<Vec<String>>()
        .join("/");
    let version = call.dc.version;
    let names: Vec<&str> = names.iter().map(|name| version.privilege(name)).collect();
    match all {
        true => names.iter().try_for_each(|name| call.check(&path, &[name])),
        false => call.check(&path, &names),
    }
}

fn check_by_code(method: &Method, call: &Call<'_>) -> Reply<()> {
    match (method.verb.as_str(), method.path.as_str()) {
        (_, "/nodes/{node}/query-url-metadata") => storage::check_query(call),
        (_, "/nodes/{node}/storage/{storage}/download-url") => storage::check_download(call),
        (_, "/nodes/{node}/qemu/{vmid}/clone") => vm::check_clone(call),
        (_, "/cluster/mapping/pci/{id}") => cluster::check_look(call, "pci"),
        (_, "/cluster/mapping/usb/{id}") => cluster::check_look(call, "usb"),
        _ => Err(Refusal::forbidden("")),
    }
}

/// The upload's own reader knows a few fields only and drops the connection over others.
fn check_fields(request: &Request, method: &Method) -> Reply<()> {
    let Body::Upload(fields, _) = &request.body else {
        return Ok(());
    };
    if matches!(&request.body, Body::Upload(_, None)) {
        return Err(Refusal::Bare(500, storage::NO_FILE.to_owned()));
    }
    let known = |name: &String| {
        method
            .properties
            .iter()
            .any(|property| property.name == *name)
    };
    match fields.iter().all(|(name, _)| known(name)) {
        true => Ok(()),
        false => Err(Refusal::Bare(400, "Bad Request".to_owned())),
    }
}

/// The method of a path, and the parameters in it.
fn find(verb: &str, path: &str) -> Option<(&'static Method, BTreeMap<String, Value>)> {
    let methods = schema().methods.iter().filter(|method| method.verb == verb);
    methods
        .filter_map(|method| Some((method, matched(&method.path, path)?)))
        .next()
}

/// The parameters in a path, where it has a template's shape. A volume may have slashes that
/// nobody encoded: it takes the rest.
fn matched(template: &str, path: &str) -> Option<BTreeMap<String, Value>> {
    let wanted: Vec<&str> = template.trim_matches('/').split('/').collect();
    let path = path.trim_matches('/');
    let parts: Vec<&str> = match wanted.last() {
        Some(&"{volume}") => path.splitn(wanted.len(), '/').collect(),
        _ => path.split('/').collect(),
    };
    let mut found = BTreeMap::new();
    for (wanted, part) in wanted.iter().zip(&parts) {
        let part = percent_decode(part, false);
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => drop(found.insert(name.to_owned(), Value::One(part))),
            None if *wanted == part => {}
            None => return None,
        }
    }
    (parts.len() == wanted.len()).then_some(found)
}

/// The handler of each method in `paths.txt`.
fn serve(method: &Method, call: &mut Call<'_>) -> Reply {
    const VM: &str = "/nodes/{node}/qemu/{vmid}";
    let path = method.path.as_str();
    match path.strip_prefix(VM) {
        Some(rest) => serve_vm(&method.verb, rest, call),
        None if path.starts_with("/nodes/{node}") => serve_node(&method.verb, path, call),
        None => serve_cluster(&method.verb, path, call),
    }
}

fn serve_cluster(verb: &str, path: &str, call: &mut Call<'_>) -> Reply {
    match (verb, path) {
        (_, "/") => cluster::root(call),
        (_, "/version") => cluster::version(call),
        (_, "/access/permissions") => auth::permissions(call),
        ("POST", "/access/ticket") => auth::ticket(call),
        ("GET", "/access/ticket") => auth::ticket_form(call),
        (_, "/cluster/nextid") => cluster::nextid(call),
        (_, "/cluster/options") => cluster::options(call),
        (_, "/cluster/resources") => cluster::resources(call),
        (_, "/cluster/status") => cluster::status(call),
        (_, "/cluster/tasks") => task::cluster_list(call),
        ("GET", "/cluster/ha/resources") => cluster::ha_resources(call),
        ("POST", "/cluster/ha/resources") => cluster::resource_add(call),
        ("GET", "/cluster/ha/resources/{sid}") => cluster::resource(call),
        ("PUT", "/cluster/ha/resources/{sid}") => cluster::resource_change(call),
        ("DELETE", "/cluster/ha/resources/{sid}") => cluster::resource_remove(call),
        ("GET", "/cluster/ha/rules") => cluster::rules(call),
        ("POST", "/cluster/ha/rules") => cluster::rule_add(call),
        ("GET", "/cluster/ha/rules/{rule}") => cluster::rule(call),
        ("PUT", "/cluster/ha/rules/{rule}") => cluster::rule_change(call),
        ("DELETE", "/cluster/ha/rules/{rule}") => cluster::rule_remove(call),
        (_, "/cluster/ha/status/current") => cluster::ha_status(call),
        (verb, path) if path.starts_with("/cluster/mapping/") => serve_mapping(verb, path, call),
        (_, "/cluster/sdn/vnets") => cluster::vnets(call),
        (_, "/cluster/sdn/vnets/{vnet}") => cluster::vnet(call),
        (_, "/nodes") => cluster::nodes(call),
        ("GET", "/pools") => cluster::pools(call),
        ("POST", "/pools") => cluster::pool_add(call),
        ("PUT", "/pools") => cluster::pool_change(call),
        ("DELETE", "/pools") => cluster::pool_remove(call),
        (_, "/pools/{poolid}") => cluster::pool(call),
        (_, "/storage") => storage::definitions(call),
        (_, "/storage/{storage}") => storage::definition(call),
        _ => Err(missing(verb, path)),
    }
}

fn serve_mapping(verb: &str, path: &str, call: &mut Call<'_>) -> Reply {
    let kind = if path.contains("/usb") { "usb" } else { "pci" };
    match (verb, path.ends_with("{id}")) {
        ("GET", false) => cluster::mappings(call, kind),
        ("POST", false) => cluster::add(call, kind),
        ("GET", true) => cluster::look(call, kind),
        ("PUT", true) => cluster::change(call, kind),
        ("DELETE", true) => cluster::remove(call, kind),
        _ => Err(missing(verb, path)),
    }
}

fn serve_node(verb: &str, path: &str, call: &mut Call<'_>) -> Reply {
    let rest = path.trim_start_matches("/nodes/{node}");
    match (verb, rest) {
        (_, "") => node::index(call),
        (_, "/version") => cluster::version(call),
        ("GET", "/status") => node::status(call),
        ("POST", "/status") => node::command(call),
        (_, "/network") => node::network(call),
        (_, "/network/{iface}") => node::interface(call),
        (_, "/capabilities/qemu/cpu") => node::cpus(call),
        (_, "/capabilities/qemu/machines") => node::machines(call),
        (_, "/hardware/pci") => node::pci(call),
        (_, "/hardware/usb") => node::usb(call),
        (_, "/query-url-metadata") => storage::query_url(call),
        (_, "/tasks") => task::list(call),
        ("GET", "/tasks/{upid}") => task::index(call),
        ("DELETE", "/tasks/{upid}") => task::abort(call),
        (_, "/tasks/{upid}/log") => task::log(call),
        (_, "/tasks/{upid}/status") => task::status(call),
        (_, "/storage") => storage::node_list(call),
        (_, "/storage/{storage}/status") => storage::status(call),
        ("GET", "/storage/{storage}/content") => storage::list(call),
        ("POST", "/storage/{storage}/content") => storage::allocate(call),
        ("GET", "/storage/{storage}/content/{volume}") => storage::attributes(call),
        ("DELETE", "/storage/{storage}/content/{volume}") => storage::delete(call),
        (_, "/storage/{storage}/upload") => storage::upload(call),
        (_, "/storage/{storage}/download-url") => storage::download_url(call),
        ("GET", "/qemu") => vm::list(call),
        ("POST", "/qemu") => vm::create(call),
        _ => Err(missing(verb, path)),
    }
}

fn serve_vm(verb: &str, rest: &str, call: &mut Call<'_>) -> Reply {
    match (verb, rest) {
        ("GET", "") => vm::index(call),
        ("DELETE", "") => vm::destroy(call),
        ("GET", "/config") => vm::config(call),
        ("PUT", "/config") => vm::put(call),
        ("POST", "/config") => vm::post(call),
        (_, "/pending") => vm::pending(call),
        ("GET", "/cloudinit") => vm::values(call),
        ("PUT", "/cloudinit") => vm::regenerate(call),
        (_, "/cloudinit/dump") => vm::dump(call),
        (_, "/unlink") => vm::unlink(call),
        (_, "/resize") => vm::resize(call),
        (_, "/move_disk") => vm::move_disk(call),
        (_, "/clone") => vm::clone(call),
        (_, "/template") => vm::template(call),
        ("GET", "/migrate") => vm::preconditions(call),
        ("POST", "/migrate") => vm::migrate(call),
        ("GET", "/snapshot") => vm::snapshots(call),
        ("POST", "/snapshot") => vm::snapshot(call),
        (_, "/snapshot/{snapname}") => vm::snapshot_delete(call),
        (_, "/snapshot/{snapname}/rollback") => vm::rollback(call),
        (_, "/status/current") => vm::current(call),
        (_, "/status/start") => vm::start(call),
        (_, "/status/stop") => vm::stop(call),
        (_, "/status/shutdown") => vm::shutdown(call),
        (_, "/status/reboot") => vm::reboot(call),
        (_, "/status/reset") => vm::reset(call),
        (_, "/status/suspend") => vm::suspend(call),
        (_, "/status/resume") => vm::resume(call),
        (_, "/agent/ping") => vm::ping(call),
        (_, "/agent/network-get-interfaces") => vm::interfaces(call),
        _ => Err(missing(verb, rest)),
    }
}

fn missing(verb: &str, path: &str) -> Refusal {
    Refusal::status(501, format!("Method '{verb} {path}' not implemented"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_may_hold_slashes() {
        let found = |path| find("GET", path).map(|(method, values)| (method.path.clone(), values));
        let (path, values) = found("/nodes/pve1/storage/local/content/local:iso/a.iso").unwrap();
        assert!(path.ends_with("{volume}"));
        assert_eq!(values["volume"], Value::One("local:iso/a.iso".into()));
        let (_, values) = found("/nodes/pve1/storage/local/content/local%3Aiso%2Fa.iso").unwrap();
        assert_eq!(values["volume"], Value::One("local:iso/a.iso".into()));
        assert_eq!(found("/nodes/pve1/qemu/100/nothing"), None);
        assert_eq!(found("/nodes/pve1/qemu/100/config/more"), None);
    }
}
