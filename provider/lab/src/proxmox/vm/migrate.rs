//! Moving a VM to another host (API viewer and reference; nothing of it is recorded).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::task::Job;

/// A migration's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Migrate {
    pub(crate) vmid: u32,
    node: String,
    target: String,
}

fn local_volumes(call: &Call<'_>, vmid: u32) -> Reply<Vec<(String, u64, bool)>> {
    let drives = call.dc.vm(call.node(), vmid)?.config.drives();
    let local = drives.into_iter().filter(|drive| {
        let storage = drive.file.split(':').next().unwrap_or_default();
        let storage = call.dc.storages.get(storage);
        drive.volume().is_some() && storage.is_some_and(|storage| !storage.shared)
    });
    Ok(local
        .map(|drive| (drive.file.clone(), drive.size(), drive.is_cdrom()))
        .collect())
}

fn local_devices(call: &Call<'_>, vmid: u32) -> Reply<Vec<String>> {
    let config = &call.dc.vm(call.node(), vmid)?.config;
    let devices = config.current.iter().filter(|(name, value)| {
        let passed = name.starts_with("hostpci") || name.starts_with("usb");
        passed && !value.contains("spice")
    });
    Ok(devices.map(|(name, _)| name.clone()).collect())
}

/// Whether and where to a VM could go.
pub(crate) fn preconditions(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    let running = call.dc.vm(call.node(), vmid)?.running.is_some();
    let disks = local_volumes(call, vmid)?.into_iter().map(|(volid, size, cdrom)| {
        json!({ "volid": volid, "size": size, "cdrom": u8::from(cdrom), "is_unused": 0 })
    });
    let others = call
        .dc
        .hosts
        .iter()
        .filter(|(name, host)| *name != call.node() && host.online);
    let allowed: Vec<&String> = others.map(|(name, _)| name).collect();
    Ok(json!({
        "running": u8::from(running),
        "allowed_nodes": allowed,
        "not_allowed_nodes": {},
        "local_disks": disks.collect::<Vec<Value>>(),
        "local_resources": local_devices(call, vmid)?,
        "mapped-resources": [],
        "mapped-resource-info": {},
        "has-dbus-vmstate": 1,
    }))
}

/// Checks a migration and starts its worker.
pub(crate) fn migrate(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    let target = call.text("target").to_owned();
    let vm = call.dc.vm(call.node(), vmid)?;
    if target == call.node() {
        let text = "target is local node.";
        return Err(Refusal::parameter("target", text));
    }
    if !call.dc.hosts.contains_key(&target) {
        return Err(Refusal::die(format!("no such cluster node '{target}'")));
    }
    if vm.running.is_some() && !call.args.flag("online") {
        return Err(Refusal::die("can't migrate running VM without --online"));
    }
    if let Some(device) = local_devices(call, vmid)?.first() {
        let text = format!("can't migrate VM which uses local devices: {device}");
        return Err(Refusal::die(text));
    }
    let disks = local_volumes(call, vmid)?;
    if let Some((volid, ..)) = disks
        .first()
        .filter(|_| !call.args.flag("with-local-disks"))
    {
        return Err(Refusal::die(format!(
            "can't migrate local disk '{volid}': local disks not allowed"
        )));
    }
    let node = call.node().to_owned();
    let job = Job::Migrate(Migrate { vmid, node, target });
    Ok(call.fork("qmigrate", &vmid.to_string(), job))
}

impl Migrate {
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        dc.vm(&self.node, self.vmid)?.config.check_lock()?;
        Ok(5000)
    }

    pub(crate) fn finish(&self, dc: &mut Datacenter, _: &mut Vec<String>) -> Reply<()> {
        let drives = dc.vm(&self.node, self.vmid)?.config.drives();
        for drive in drives.iter().filter(|drive| drive.volume().is_some()) {
            let (storage, name) = drive.file.split_once(':').unwrap_or_default();
            let shared = dc
                .storages
                .get(storage)
                .is_some_and(|storage| storage.shared);
            let place = dc.place(storage, &self.target);
            if !shared && let Some(volume) = dc.free(&self.node, &drive.file) {
                dc.places
                    .entry(place)
                    .or_default()
                    .insert(name.to_owned(), volume);
            }
        }
        dc.vm_mut(&self.node, self.vmid)?.node = self.target.clone();
        Ok(())
    }
}
