//! High availability: resources and rules (API viewer and HA documentation; only the empty lists
//! are recorded).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;

/// Numbers among the options of resources and rules.
const NUMBERS: [&str; 5] = [
    "max_restart",
    "max_relocate",
    "failback",
    "strict",
    "disable",
];

fn row(options: &BTreeMap<String, String>) -> Value {
    let typed = |(name, value): (&String, &String)| {
        let number = NUMBERS
            .contains(&name.as_str())
            .then(|| value.parse::<i64>().ok());
        match number.flatten() {
            Some(number) => (name.clone(), json!(number)),
            None => (name.clone(), json!(value)),
        }
    };
    Value::Object(options.iter().map(typed).collect())
}

fn sid(call: &Call<'_>) -> String {
    let sid = call.text("sid");
    match sid.contains(':') {
        true => sid.to_owned(),
        false => format!("vm:{sid}"),
    }
}

fn options(call: &Call<'_>, not: &[&str]) -> BTreeMap<String, String> {
    let sent = call.args.values.iter();
    sent.filter(|(name, _)| !not.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Groups became rules with PVE 9.
fn check_group(call: &Call<'_>) -> Reply<()> {
    match call
        .args
        .get("group")
        .filter(|_| call.dc.version.major >= 9)
    {
        Some(_) => Err(Refusal::parameter(
            "group",
            "ha groups have been migrated to rules",
        )),
        None => Ok(()),
    }
}

/// All resources.
pub(crate) fn resources(call: &mut Call<'_>) -> Reply {
    Ok(call.dc.ha_resources.values().map(row).collect())
}

fn found<'a>(call: &'a Call<'_>) -> Reply<&'a BTreeMap<String, String>> {
    let sid = sid(call);
    let missing = || Refusal::die(format!("no such resource '{sid}'"));
    call.dc.ha_resources.get(&sid).ok_or_else(missing)
}

/// One resource.
pub(crate) fn resource(call: &mut Call<'_>) -> Reply {
    Ok(row(found(call)?))
}

/// Puts a VM under the manager.
pub(crate) fn resource_add(call: &mut Call<'_>) -> Reply {
    check_group(call)?;
    let sid = sid(call);
    let vmid: u32 = sid.trim_start_matches("vm:").parse().unwrap_or_default();
    if !call.dc.vms.contains_key(&vmid) {
        return Err(Refusal::die(format!(
            "unable to add resource '{sid}': no such VM"
        )));
    }
    if call.dc.ha_resources.contains_key(&sid) {
        return Err(Refusal::die(format!("resource ID '{sid}' already defined")));
    }
    let mut resource = options(call, &["sid"]);
    resource.insert("sid".into(), sid.clone());
    resource.insert("type".into(), "vm".into());
    resource
        .entry("state".into())
        .or_insert_with(|| "started".into());
    call.dc.ha_resources.insert(sid, resource);
    call.dc.follow_manager(vmid);
    Ok(Value::Null)
}

/// Changes a resource.
pub(crate) fn resource_change(call: &mut Call<'_>) -> Reply {
    check_group(call)?;
    found(call)?;
    let sid = sid(call);
    let (set, delete) = (
        options(call, &["sid", "delete", "digest"]),
        call.args.items("delete"),
    );
    if let Some(resource) = call.dc.ha_resources.get_mut(&sid) {
        resource.extend(set);
        resource.retain(|name, _| !delete.contains(name));
    }
    let vmid = sid.trim_start_matches("vm:").parse();
    call.dc.follow_manager(vmid.unwrap_or_default());
    Ok(Value::Null)
}

/// Takes a VM from the manager.
pub(crate) fn resource_remove(call: &mut Call<'_>) -> Reply {
    found(call)?;
    let sid = sid(call);
    call.dc.ha_resources.remove(&sid);
    Ok(Value::Null)
}

/// All rules.
pub(crate) fn rules(call: &mut Call<'_>) -> Reply {
    let kind = call.args.get("type");
    let rules = call.dc.ha_rules.values();
    let own = rules
        .filter(|rule| kind.is_none_or(|kind| rule.get("type").is_some_and(|own| own == kind)));
    Ok(own.map(row).collect())
}

fn rule_found<'a>(call: &'a Call<'_>) -> Reply<&'a BTreeMap<String, String>> {
    let name = call.text("rule");
    let missing = || Refusal::die(format!("no such ha rule '{name}'"));
    call.dc.ha_rules.get(name).ok_or_else(missing)
}

/// One rule.
pub(crate) fn rule(call: &mut Call<'_>) -> Reply {
    Ok(row(rule_found(call)?))
}

/// Adds a rule.
pub(crate) fn rule_add(call: &mut Call<'_>) -> Reply {
    let name = call.text("rule").to_owned();
    if call.dc.ha_rules.contains_key(&name) {
        return Err(Refusal::die(format!("HA rule '{name}' already defined")));
    }
    let rule = options(call, &[]);
    call.dc.ha_rules.insert(name, rule);
    Ok(Value::Null)
}

/// Changes a rule.
pub(crate) fn rule_change(call: &mut Call<'_>) -> Reply {
    rule_found(call)?;
    let name = call.text("rule").to_owned();
    let (set, delete) = (
        options(call, &["delete", "digest"]),
        call.args.items("delete"),
    );
    if let Some(rule) = call.dc.ha_rules.get_mut(&name) {
        rule.extend(set);
        rule.retain(|option, _| !delete.contains(option));
    }
    Ok(Value::Null)
}

/// Removes a rule.
pub(crate) fn rule_remove(call: &mut Call<'_>) -> Reply {
    rule_found(call)?;
    let name = call.text("rule").to_owned();
    call.dc.ha_rules.remove(&name);
    Ok(Value::Null)
}

/// The manager's state (recorded for a host without resources).
pub(crate) fn status(call: &mut Call<'_>) -> Reply {
    let node = call.dc.hosts.keys().next().cloned().unwrap_or_default();
    let mut rows = vec![
        json!({ "id": "quorum", "type": "quorum", "node": node, "status": "OK", "quorate": 1 }),
        json!({
            "id": "fencing",
            "type": "fencing",
            "node": node,
            "status": "standby (CRM watchdog standby)",
            "armed-state": "standby",
        }),
    ];
    for (sid, resource) in &call.dc.ha_resources {
        let vmid: u32 = sid.trim_start_matches("vm:").parse().unwrap_or_default();
        let node = call.dc.vms.get(&vmid).map(|vm| vm.node.clone());
        let state = resource.get("state");
        rows.push(json!({
            "id": format!("service:{sid}"),
            "type": "service",
            "sid": sid,
            "node": node,
            "state": state,
            "status": format!("{sid} ({})", state.map_or("", String::as_str)),
        }));
    }
    Ok(Value::Array(rows))
}
