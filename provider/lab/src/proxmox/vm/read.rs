//! Reading a VM's configuration.

use serde_json::json;

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;

/// The configuration with pending changes in it, or with `current` as it runs.
pub(crate) fn config(call: &mut Call<'_>) -> Reply {
    let config = &call.dc.vm(call.node(), call.vmid())?.config;
    if let Some(snapshot) = call.args.get("snapshot") {
        let text = format!("snapshot '{snapshot}' does not exist");
        return Err(Refusal::die(text));
    }
    Ok(config.json(call.args.flag("current")))
}

/// Current and pending values side by side.
pub(crate) fn pending(call: &mut Call<'_>) -> Reply {
    let config = &call.dc.vm(call.node(), call.vmid())?.config;
    let mut rows = config.pending_rows();
    for row in rows.as_array_mut().into_iter().flatten() {
        if row["key"] == "cipassword" && row.get("pending").is_some() {
            row["pending"] = json!("**********");
        }
    }
    Ok(rows)
}

/// Parts of a VM.
pub(crate) fn index(_: &mut Call<'_>) -> Reply {
    let parts = [
        "config",
        "cloudinit",
        "pending",
        "status",
        "unlink",
        "migrate",
        "resize",
        "agent",
        "snapshot",
    ];
    Ok(parts.iter().map(|part| json!({ "subdir": part })).collect())
}
