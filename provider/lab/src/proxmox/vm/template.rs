//! Turning a VM into a template.

use serde::{Deserialize, Serialize};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::Drive;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::task::Job;

/// A conversion's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) vmid: u32,
    node: String,
}

/// Checks a conversion and starts its worker.
pub(crate) fn template(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    let vm = call.dc.vm(call.node(), vmid)?;
    vm.config.check_lock()?;
    let refusal = match (vm.config.flag("template"), vm.running.is_some()) {
        (true, _) => "you can't convert a template to a template",
        (_, true) => "you can't convert a VM to template if VM is running",
        _ => "",
    };
    if !refusal.is_empty() {
        return Err(Refusal::die(refusal));
    }
    let node = call.node().to_owned();
    Ok(call.fork(
        "qmtemplate",
        &vmid.to_string(),
        Job::Template(Template { vmid, node }),
    ))
}

impl Template {
    /// Disks become bases, which other VMs can rest on.
    pub(crate) fn finish(&self, dc: &mut Datacenter, _: &mut Vec<String>) -> Reply<()> {
        let drives = dc.vm(&self.node, self.vmid)?.config.drives();
        for mut drive in drives.into_iter().filter(|drive| !drive.is_cdrom()) {
            let base = drive
                .file
                .replace("/vm-", "/base-")
                .replace(":vm-", ":base-");
            self.rename(dc, &drive, &base);
            drive.file = base;
            let config = &mut dc.vm_mut(&self.node, self.vmid)?.config;
            config.set(&drive.slot.clone(), &drive.print());
        }
        dc.vm_mut(&self.node, self.vmid)?
            .config
            .set("template", "1");
        Ok(())
    }

    fn rename(&self, dc: &mut Datacenter, drive: &Drive, base: &str) {
        let volume = dc.free(&self.node, &drive.file);
        let (storage, name) = base.split_once(':').unwrap_or_default();
        let place = dc.place(storage, &self.node);
        if let Some(volume) = volume {
            dc.places
                .entry(place)
                .or_default()
                .insert(name.to_owned(), volume);
        }
    }
}
