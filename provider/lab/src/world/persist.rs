//! The world on disk: one file of state, and images beside it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::proxmox::Datacenter;

const STATE: &str = "world.json";

/// The world of a folder; none where nothing was kept yet.
///
/// # Errors
/// The file is there and cannot be understood.
pub(super) fn load(folder: &Path) -> Result<Option<Datacenter>, String> {
    let path = folder.join(STATE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    let read = serde_json::from_str(&text);
    read.map(Some).map_err(|error| {
        format!(
            "{} is no world of this lab: {error}; remove it to begin anew",
            path.display()
        )
    })
}

/// Writes the world so that a crash leaves the old or the new one.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn save(folder: &Path, state: &Datacenter) -> Result<(), String> {
    let text = serde_json::to_string(state).map_err(|error| error.to_string())?;
    let new = folder.join("world.json.new");
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, folder.join(STATE)));
    written.map_err(|error| format!("cannot write {}: {error}", folder.display()))
}

/// The folder for images, made where it is missing.
///
/// # Errors
/// It cannot be made.
pub(super) fn image_folder(folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join("images");
    fs::create_dir_all(&path)
        .map_err(|error| format!("cannot make {}: {error}", path.display()))?;
    Ok(path)
}

/// Hosts, VMs and running tasks, for people and scripts.
pub(super) fn summary(state: &Datacenter) -> Value {
    let hosts = state.hosts.iter().map(
        |(name, host)| json!({ "name": name, "address": host.address, "online": host.online }),
    );
    let vms = state.vms.iter().map(|(vmid, vm)| {
        let hardware = state.hardware(*vmid);
        let pending = vm.config.pending.keys().chain(vm.config.deletes.keys());
        json!({
            "vmid": vmid,
            "name": hardware.as_ref().map(|hardware| &hardware.name),
            "uuid": hardware.as_ref().map(|hardware| &hardware.uuid),
            "node": vm.node,
            "status": if vm.running.is_some() { "running" } else { "stopped" },
            "lock": vm.config.get("lock"),
            "pending": pending.collect::<Vec<_>>(),
        })
    });
    let tasks = state.tasks.iter().filter(|task| task.is_running());
    json!({
        "hosts": hosts.collect::<Vec<_>>(),
        "vms": vms.collect::<Vec<_>>(),
        "tasks": tasks.map(|task| task.upid.to_string()).collect::<Vec<_>>(),
    })
}
