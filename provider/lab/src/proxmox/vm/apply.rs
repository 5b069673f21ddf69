//! Pending changes of a VM that does not run take effect.

use crate::proxmox::codec::Drive;
use crate::proxmox::datacenter::Datacenter;

impl Datacenter {
    /// Applies everything that is pending.
    pub(super) fn apply_pending(&mut self, node: &str, vmid: u32) {
        let Ok(vm) = self.vm(node, vmid) else {
            return;
        };
        let mut config = vm.config.clone();
        for (name, force) in std::mem::take(&mut config.deletes) {
            let old = config.current.remove(&name);
            if let Some(drive) = old.and_then(|value| Drive::parse(&name, &value)) {
                match force {
                    true => self.discard(node, vmid, &drive.file),
                    false => self.release(node, vmid, &mut config, &drive),
                }
            }
        }
        for (name, value) in std::mem::take(&mut config.pending) {
            let old = config.current.insert(name.clone(), value.clone());
            let old = old.and_then(|old| Drive::parse(&name, &old));
            let new = Drive::parse(&name, &value).map(|drive| drive.file);
            if let Some(old) = old.filter(|old| Some(&old.file) != new.as_ref()) {
                self.release(node, vmid, &mut config, &old);
            }
        }
        config.tidy();
        if let Some(vm) = self.vms.get_mut(&vmid) {
            vm.config = config;
        }
    }
}
