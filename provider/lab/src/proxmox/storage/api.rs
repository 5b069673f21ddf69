//! Lists of storages (shapes recorded with PVE 9.2).

use serde_json::{Value, json};

use super::Storage;
use crate::proxmox::answer::Reply;
use crate::proxmox::call::Call;

const SEE: [&str; 2] = ["Datastore.Audit", "Datastore.AllocateSpace"];

/// Storages that a host has and the caller may see.
pub(crate) fn node_list(call: &mut Call<'_>) -> Reply {
    let wanted = call.args.items("content");
    if let Some(name) = call.args.get("storage") {
        call.dc.storage(name)?;
    }
    let rows = call.dc.storages.iter().filter(|(name, storage)| {
        let content = wanted.is_empty() || wanted.iter().any(|content| storage.holds(content));
        let named = call.args.get("storage").is_none_or(|one| one == *name);
        let there = storage.on(call.node());
        content && named && there && call.may(&format!("/storage/{name}"), &SEE)
    });
    Ok(rows
        .map(|(name, storage)| {
            let mut row = figures(call, name, storage);
            let total = row["total"].as_f64().unwrap_or(1.0).max(1.0);
            row["used_fraction"] = json!(row["used"].as_f64().unwrap_or_default() / total);
            row["storage"] = json!(name);
            if call.args.flag("format") {
                row["formats"] = formats(storage);
            }
            row
        })
        .collect())
}

fn formats(storage: &Storage) -> Value {
    match storage.has_files() {
        true => json!({ "supported": ["raw", "qcow2", "vmdk", "subvol"], "default": "raw" }),
        false => json!({ "supported": ["raw"], "default": "raw" }),
    }
}

fn figures(call: &Call<'_>, name: &str, storage: &Storage) -> Value {
    let used = call.dc.used(name, call.node());
    json!({
        "type": storage.kind,
        "content": list(storage),
        "shared": u8::from(storage.shared),
        "active": 1,
        "enabled": 1,
        "total": storage.size,
        "used": used,
        "avail": storage.size.saturating_sub(used),
    })
}

fn list(storage: &Storage) -> String {
    let content: Vec<&str> = storage.content.iter().map(String::as_str).collect();
    content.join(",")
}

/// How full a storage is.
pub(crate) fn status(call: &mut Call<'_>) -> Reply {
    let name = call.text("storage").to_owned();
    let storage = call.dc.storage_on(&name, call.node())?;
    Ok(figures(call, &name, storage))
}

fn defined(name: &str, storage: &Storage) -> Value {
    let mut row = json!({ "storage": name, "type": storage.kind, "content": list(storage) });
    if storage.has_files() {
        row["path"] = json!(storage.path);
    }
    if storage.shared {
        row["shared"] = json!(1);
    }
    if !storage.nodes.is_empty() {
        let nodes: Vec<&str> = storage.nodes.iter().map(String::as_str).collect();
        row["nodes"] = json!(nodes.join(","));
    }
    row
}

/// Definitions that the caller may see.
pub(crate) fn definitions(call: &mut Call<'_>) -> Reply {
    let seen = call.dc.storages.iter().filter(|(name, storage)| {
        let kind = call
            .args
            .get("type")
            .is_none_or(|kind| kind == storage.kind);
        kind && call.may(&format!("/storage/{name}"), &SEE)
    });
    Ok(seen.map(|(name, storage)| defined(name, storage)).collect())
}

/// One definition.
pub(crate) fn definition(call: &mut Call<'_>) -> Reply {
    let name = call.text("storage");
    Ok(defined(name, call.dc.storage(name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_storages_hold_raw_only() {
        let storage = Storage {
            kind: "rbd".into(),
            content: ["images".into()].into(),
            shared: true,
            nodes: [].into(),
            path: String::new(),
            size: 1,
        };
        assert_eq!(formats(&storage)["supported"], json!(["raw"]));
        assert_eq!(defined("rbd", &storage)["shared"], json!(1));
    }
}
