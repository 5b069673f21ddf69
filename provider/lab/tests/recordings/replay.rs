//! Asks the lab what was asked of the recorded host.

use std::collections::BTreeMap;

use lab::proxmox::{Answer, Body, Fetch, Fetched, File, Request};
use lab::world::{AclPart, Lab, NoMachines, Options, Scenario};
use serde_json::Value;

use crate::compare;
use crate::gaps;
use crate::record::Record;

/// The recorded host: one machine, three directories, three tokens.
const HOST: &str = "
world:
  hosts: { pve1: { address: 10.10.10.1, cpus: 64, memory_gib: 8192 } }
  storages:
    local: { type: dir, path: /var/lib/vz, content: [backup, images, import, iso, rootdir, snippets, vztmpl] }
    second: { type: dir, path: /mnt/second, content: [images] }
    isoonly: { type: dir, path: /mnt/isoonly, content: [iso] }
  users: { root@pam: secret, joe@pve: joe }
  tokens:
    root@pam!full: { secret: full }
    root@pam!priv: { secret: priv, separate: true }
    joe@pve!t: { secret: joe }
";

/// The order in which the groups depend on each other.
const ORDER: [&str; 8] = ["a", "b", "c", "f", "e0", "d", "e2", "g"];

/// What differs in each exchange: what counts, and bodies.
pub fn replay(records: &[Record]) -> Vec<(Record, Vec<String>, Vec<String>)> {
    let scenario = Scenario::parse(HOST).unwrap();
    let _: &Vec<AclPart> = &scenario.world.acl;
    let options = Options {
        scenario,
        ..Options::default()
    };
    let lab = Lab::new(options, std::sync::Arc::new(NoMachines)).unwrap();
    let mut asker = Asker::new(&lab);
    let mut judged = Vec::new();
    for group in ORDER {
        let own = records.iter().filter(|record| record.id.starts_with(group));
        let mut before: Option<&Record> = None;
        for record in own {
            gaps::close(&lab, &mut asker, record, before);
            let (answer, task) = asker.again(record);
            let differences = compare::outcome(record, &answer, task.as_deref());
            let bodies = compare::body(record, &answer);
            judged.push((record.clone(), differences, bodies));
            before = Some(record);
        }
    }
    judged
}

/// Sends requests with the right login and waits for workers.
pub struct Asker<'a> {
    lab: &'a Lab,
    /// Ids of the recording and of the lab.
    tasks: BTreeMap<String, String>,
    last: String,
    login: Option<(String, String)>,
}

impl<'a> Asker<'a> {
    fn new(lab: &'a Lab) -> Self {
        Self {
            lab,
            tasks: BTreeMap::new(),
            last: String::new(),
            login: None,
        }
    }

    /// As the token with all rights.
    pub fn ask(&mut self, request: &Request) -> Answer {
        let mut request = request.clone();
        request.authorization = Some("PVEAPIToken=root@pam!full=full".into());
        let answer = self.lab.request(&request);
        self.lab.settle();
        answer
    }

    pub fn upload(&mut self, name: &str) {
        let mut request = Request::new("POST", "/nodes/pve1/storage/local/upload", &[]);
        request.body = Body::Upload(vec![("content".into(), "iso".into())], Some(file(name)));
        self.ask(&request);
    }

    /// Asks again; gives the answer and how its worker ended.
    fn again(&mut self, record: &Record) -> (Answer, Option<String>) {
        let mut request = self.request(record);
        self.authorize(record, &mut request);
        let answer = self.lab.request_fetching(&request, fetched);
        self.lab.settle();
        let own = answer.body.as_ref().and_then(|body| body["data"].as_str());
        let Some(own) = own.filter(|own| own.starts_with("UPID:")) else {
            return (answer, None);
        };
        self.last = own.to_owned();
        if let Some(theirs) = record.body["data"].as_str() {
            self.tasks.insert(theirs.to_owned(), own.to_owned());
        }
        let path = format!("/nodes/pve1/tasks/{own}/status");
        let status = self
            .ask(&Request::new("GET", &path, &[]))
            .body
            .unwrap_or_default();
        let exit = status["data"]["exitstatus"]
            .as_str()
            .unwrap_or("none")
            .to_owned();
        (answer, Some(exit))
    }

    fn request(&mut self, record: &Record) -> Request {
        let mut pairs = record.pairs();
        if record.about == "digest correct" {
            let config = self
                .ask(&Request::new("GET", &record.path, &[]))
                .body
                .unwrap();
            let digest = config["data"]["digest"].as_str().unwrap().to_owned();
            pairs.retain(|(name, _)| name != "digest");
            pairs.push(("digest".into(), digest));
        }
        let borrowed: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut request = Request::new(&record.method, &self.path(&record.path), &borrowed);
        if record.about == "json body" {
            request.body = Body::Json(serde_json::json!({ "vmid": 103, "cores": 2 }));
        }
        if let Some(fields) = record.params.get("fields") {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let fields = fields.as_array().unwrap().iter();
            let fields = fields
                .map(|pair| (text(&pair[0]), text(&pair[1])))
                .collect();
            let name = record.params["filename"].as_str();
            request.body = Body::Upload(fields, name.map(file));
        }
        request
    }

    /// A worker's id in a path is the lab's own.
    fn path(&self, path: &str) -> String {
        let Some(theirs) = path.split('/').find(|part| part.starts_with("UPID:pve1:")) else {
            return path.to_owned();
        };
        let invented = theirs.contains(":00000001:");
        match self.tasks.get(theirs) {
            Some(own) => path.replace(theirs, own),
            None if invented => path.to_owned(),
            None => path.replace(theirs, &self.last),
        }
    }

    fn authorize(&mut self, record: &Record, request: &mut Request) {
        let ticket = ["ticket", "lock"].contains(&record.precondition.as_str())
            || record.about.starts_with("root ticket");
        if ticket && record.id.starts_with('g') {
            let (ticket, csrf) = self.ticket();
            request.cookie = Some(format!("PVEAuthCookie={ticket}"));
            request.csrf = match record.about.as_str() {
                "POST missing CSRF" => None,
                "bad CSRF" => Some("x".into()),
                _ => Some(csrf),
            };
            return;
        }
        if record.about == "broken ticket" {
            request.cookie = Some("PVEAuthCookie=PVE:root@pam:00000000::x".into());
            return;
        }
        let private =
            record.precondition.contains("privsep") || record.about.contains("priv token");
        request.authorization = match record.about.as_str() {
            "no auth" | "no auth POST" | "http plain" => None,
            "wrong secret" => Some("PVEAPIToken=root@pam!full=wrong".into()),
            "unknown token id" => Some("PVEAPIToken=root@pam!nobody=full".into()),
            "malformed token" => Some("PVEAPIToken=root".into()),
            "malformed header" => Some("PVEAPITokens root@pam!full=full".into()),
            "PVEAPIToken space form" => Some("PVEAPIToken root@pam!full=full".into()),
            "basic" => Some("Basic cm9vdA==".into()),
            _ if record.about.starts_with("config after") => {
                Some("PVEAPIToken=root@pam!full=full".into())
            }
            _ if private || record.about.contains("ticket-less") => {
                Some("PVEAPIToken=root@pam!priv=priv".into())
            }
            _ if record.precondition.contains("joe") => Some("PVEAPIToken=joe@pve!t=joe".into()),
            _ => Some("PVEAPIToken=root@pam!full=full".into()),
        };
    }

    fn ticket(&mut self) -> (String, String) {
        if self.login.is_none() {
            let login = [("username", "root@pam"), ("password", "secret")];
            let answer = self
                .lab
                .request(&Request::new("POST", "/access/ticket", &login));
            let data = answer.body.unwrap()["data"].clone();
            let text = |name: &str| data[name].as_str().unwrap().to_owned();
            self.login = Some((text("ticket"), text("CSRFPreventionToken")));
        }
        self.login.clone().unwrap()
    }
}

fn file(name: &str) -> File {
    File {
        name: name.to_owned(),
        bytes: vec![0; 2048],
    }
}

/// What the recorded host found at other servers: itself, and nobody.
fn fetched(fetch: &Fetch) -> Fetched {
    let status_line = match (fetch.url.as_str(), fetch.verify) {
        (url, true) if url.starts_with("https://127.0.0.1:8006") => {
            "500 Can't connect to 127.0.0.1:8006 (certificate verify failed)"
        }
        (url, false) if url.starts_with("https://127.0.0.1:8006") => {
            "501 method 'HEAD' not available"
        }
        _ => "500 Can't connect to 127.0.0.1:1 (Connection refused)",
    };
    Fetched {
        status_line: status_line.to_owned(),
        content_type: None,
        size: 0,
        body: Vec::new(),
    }
}
