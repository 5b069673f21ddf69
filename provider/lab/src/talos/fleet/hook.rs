//! VMs become machines.

use super::Fleet;
use crate::proxmox::PowerOn;
use crate::talos::machine::{Hardware, Key};
use crate::world::Machines;

impl Machines for Fleet {
    fn power_on(&self, machine: PowerOn) {
        start(self, &machine);
    }

    fn power_off(&self, vmid: u32) {
        self.with(|rack| rack.power_off(&Key::Vm(vmid)));
    }

    fn power_button(&self, vmid: u32) {
        self.with(|rack| rack.power_button(&Key::Vm(vmid)));
    }

    fn reset(&self, machine: PowerOn) {
        start(self, &machine);
    }

    fn changed(&self, machine: PowerOn) {
        // A running machine finds new hardware; what it has on its disks it knows itself.
        let (hardware, disks) = Hardware::of_vm(&machine);
        self.with(|rack| rack.replug(&Key::Vm(machine.vmid), hardware, disks));
    }
}

/// Starts a VM's machine with the hardware that it has now.
pub(super) fn start(fleet: &Fleet, vm: &PowerOn) {
    let (hardware, disks) = Hardware::of_vm(vm);
    let key = Key::Vm(vm.vmid);
    fleet.with(|rack| {
        rack.put(&key, hardware, disks);
        rack.power_on(&key);
    });
}
