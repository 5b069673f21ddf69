//! The hook through which VMs become machines.

use crate::proxmox::PowerOn;

/// What plays the guests. Calls come from the lab's own tasks and must not block; what a machine
/// does later it tells the lab by `guest_stopped` and `write_disk`.
pub trait Machines: Send + Sync {
    /// A VM started with this hardware.
    fn power_on(&self, machine: PowerOn);

    /// The power of a VM is gone, without warning.
    fn power_off(&self, vmid: u32);

    /// Somebody pressed the power button.
    fn power_button(&self, vmid: u32);

    /// The machine starts again, by the reset button or by itself.
    fn reset(&self, machine: PowerOn);

    /// A disk, a medium or a card of a running machine changed.
    fn changed(&self, machine: PowerOn);
}

/// Guests that do nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMachines;

impl Machines for NoMachines {
    fn power_on(&self, _: PowerOn) {}

    fn power_off(&self, _: u32) {}

    fn power_button(&self, _: u32) {}

    fn reset(&self, _: PowerOn) {}

    fn changed(&self, _: PowerOn) {}
}
