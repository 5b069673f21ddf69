//! Resource mappings (API viewer; only the empty list is recorded).

use serde_json::{Value, json};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::property_string;
use crate::proxmox::datacenter::Mapping;

/// Rights of a look at one mapping.
pub(crate) fn check_look(call: &Call<'_>, kind: &str) -> Reply<()> {
    let path = format!("/mapping/{kind}/{}", call.text("id"));
    match call.may(&path, &["Mapping.Use", "Mapping.Modify", "Mapping.Audit"]) {
        true => Ok(()),
        false => Err(Refusal::forbidden("")),
    }
}

fn row(id: &str, mapping: &Mapping) -> Value {
    let mut row = json!({ "id": id, "map": mapping.map });
    for (name, value) in &mapping.options {
        row[name.as_str()] = json!(value);
    }
    row
}

/// Mappings of a kind that the caller may see; with `check-node` what is wrong there.
pub(crate) fn list(call: &mut Call<'_>, kind: &str) -> Reply {
    let all = call.dc.mappings.get(kind).into_iter().flatten();
    let privileges = ["Mapping.Use", "Mapping.Modify", "Mapping.Audit"];
    let seen = all.filter(|(id, _)| call.may(&format!("/mapping/{kind}/{id}"), &privileges));
    Ok(seen
        .map(|(id, mapping)| {
            let mut row = row(id, mapping);
            if let Some(node) = call.args.get("check-node") {
                row["checks"] = checks(mapping, kind, node);
            }
            row
        })
        .collect())
}

fn checks(mapping: &Mapping, kind: &str, node: &str) -> Value {
    let format = format!("{kind}-entry");
    let on_node = mapping.map.iter().any(|entry| {
        let keys = property_string::parse(&format, entry).unwrap_or_default();
        keys.get("node").is_some_and(|own| own == node)
    });
    match on_node {
        true => json!([]),
        false => json!([{
            "severity": "warning",
            "message": format!("No mapping for node '{node}'"),
        }]),
    }
}

fn found<'a>(call: &'a Call<'_>, kind: &str) -> Reply<&'a Mapping> {
    let id = call.text("id");
    let missing = || Refusal::die(format!("mapping '{id}' not found"));
    let all = call.dc.mappings.get(kind);
    all.and_then(|all| all.get(id)).ok_or_else(missing)
}

/// One mapping.
pub(crate) fn look(call: &mut Call<'_>, kind: &str) -> Reply {
    Ok(row(call.text("id"), found(call, kind)?))
}

/// Entries of the request: one value or many.
fn entries(call: &Call<'_>) -> Option<Vec<String>> {
    let many = call.args.lists.get("map").cloned();
    many.or_else(|| call.args.get("map").map(|entry| vec![entry.to_owned()]))
}

fn options(call: &Call<'_>) -> std::collections::BTreeMap<String, String> {
    let not = ["id", "map", "delete", "digest"];
    let sent = call.args.values.iter();
    sent.filter(|(name, _)| !not.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Adds a mapping.
pub(crate) fn add(call: &mut Call<'_>, kind: &str) -> Reply {
    let id = call.text("id").to_owned();
    if found(call, kind).is_ok() {
        return Err(Refusal::die(format!("{kind} ID '{id}' already defined")));
    }
    let mapping = Mapping {
        map: entries(call).unwrap_or_default(),
        options: options(call),
    };
    call.dc
        .mappings
        .entry(kind.to_owned())
        .or_default()
        .insert(id, mapping);
    Ok(Value::Null)
}

/// Changes a mapping.
pub(crate) fn change(call: &mut Call<'_>, kind: &str) -> Reply {
    found(call, kind)?;
    let (map, set) = (entries(call), options(call));
    let (id, delete) = (call.text("id").to_owned(), call.args.items("delete"));
    let mapping = call
        .dc
        .mappings
        .get_mut(kind)
        .and_then(|all| all.get_mut(&id));
    if let Some(mapping) = mapping {
        mapping.options.extend(set);
        mapping.options.retain(|name, _| !delete.contains(name));
        mapping.map = map.unwrap_or_else(|| mapping.map.clone());
    }
    Ok(Value::Null)
}

/// Removes a mapping.
pub(crate) fn remove(call: &mut Call<'_>, kind: &str) -> Reply {
    let id = call.text("id").to_owned();
    if let Some(all) = call.dc.mappings.get_mut(kind) {
        all.remove(&id);
    }
    Ok(Value::Null)
}
