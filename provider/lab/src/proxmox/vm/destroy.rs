//! Destroying a VM.

use serde::{Deserialize, Serialize};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::Drive;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::task::Job;

/// A destroy's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Destroy {
    pub(crate) vmid: u32,
    node: String,
    purge: bool,
    strays: bool,
    skiplock: bool,
}

/// Checks a destroy and starts its worker.
pub(crate) fn destroy(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    call.check_skiplock()?;
    let vm = call.dc.vm(call.node(), vmid)?;
    vm.config
        .check_protection(&format!("can't remove VM {vmid}"))?;
    let purge = call.args.flag("purge");
    if call.dc.ha_of(vmid).is_some() && !purge {
        let text = format!(
            "unable to remove VM {vmid} - used in HA resources and purge parameter not set."
        );
        return Err(Refusal::die(text));
    }
    if vm.running.is_some() {
        return Err(Refusal::die(format!(
            "VM {vmid} is running - destroy failed"
        )));
    }
    let job = Job::Destroy(Destroy {
        vmid,
        node: call.node().to_owned(),
        purge,
        strays: call.args.flag("destroy-unreferenced-disks"),
        skiplock: call.args.flag("skiplock"),
    });
    Ok(call.fork("qmdestroy", &vmid.to_string(), job))
}

impl Destroy {
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        let vm = dc.vm(&self.node, self.vmid)?;
        if !self.skiplock {
            vm.config.check_lock()?;
        }
        Ok(1000)
    }

    /// Volumes that carry the VM's number go; others are only let go.
    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let (node, vmid) = (self.node.as_str(), self.vmid);
        let vm = dc.vm(node, vmid)?;
        if vm.running.is_some() {
            return Err(Refusal::die(format!(
                "VM {vmid} is running - destroy failed"
            )));
        }
        let volumes = self.volumes(dc);
        for volid in &volumes {
            if dc.is_base_in_use(node, volid) {
                let text = format!("base volume '{volid}' is still in use by linked cloned");
                return Err(Refusal::die(text));
            }
        }
        for volid in volumes {
            dc.free(node, &volid);
        }
        if self.strays {
            self.remove_strays(dc);
        }
        if self.purge {
            log.push(format!("purging VM {vmid} from related configurations.."));
            dc.ha_resources.remove(&format!("vm:{vmid}"));
        }
        for pool in dc.pools.values_mut() {
            pool.vms.remove(&vmid);
        }
        dc.vms.remove(&vmid);
        Ok(())
    }

    fn volumes(&self, dc: &Datacenter) -> Vec<String> {
        let Some(vm) = dc.vms.get(&self.vmid) else {
            return Vec::new();
        };
        let options = vm.config.current.iter().chain(&vm.config.pending);
        let firmware: Vec<String> = ["efidisk0", "tpmstate0"]
            .iter()
            .filter_map(|slot| Some(Drive::parse(slot, vm.config.get(slot)?)?.file))
            .collect();
        let mut found: Vec<String> = options
            .filter_map(|(name, value)| match Drive::parse(name, value) {
                Some(drive) => drive.volume().map(str::to_owned),
                None => super::config::is_unused(name).then(|| value.clone()),
            })
            .filter(|volid| dc.owner(volid) == Some(self.vmid))
            .collect();
        // Buses first, firmware last: the first base that is in use is the one that is named.
        found.sort_by_key(|volid| (firmware.contains(volid), volid.clone()));
        found.dedup();
        found
    }

    fn remove_strays(&self, dc: &mut Datacenter) {
        let storages = dc.storages.clone();
        for (name, storage) in &storages {
            let place = dc.place(name, &self.node);
            if let Some(volumes) = dc.places.get_mut(&place) {
                volumes.retain(|volume, _| {
                    let parsed = crate::proxmox::storage::VolumeName::parse(storage, volume);
                    !parsed.is_ok_and(|parsed| parsed.owner == Some(self.vmid))
                });
            }
        }
    }
}

impl Datacenter {
    /// Removes a VM and its volumes without asking anybody.
    pub(crate) fn forget_vm(&mut self, vmid: u32) {
        let Some(vm) = self.vms.get(&vmid) else {
            return;
        };
        let job = Destroy {
            vmid,
            node: vm.node.clone(),
            purge: true,
            strays: true,
            skiplock: true,
        };
        for volid in job.volumes(self) {
            self.free(&job.node, &volid);
        }
        job.remove_strays(self);
        self.vms.remove(&vmid);
    }
}
