//! What people at the hosts and machines do, beside the API.

use super::Lab;
use crate::proxmox::Datacenter;

/// What a person does at a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Presses the power button of a machine that is off.
    On,
    /// Pulls the plug.
    Off,
    /// Presses the reset button.
    Reset,
}

impl Lab {
    /// Does something at a machine, named by its number or its name.
    ///
    /// # Errors
    /// There is no such machine, or it does not start.
    pub fn switch(&self, machine: &str, switch: Switch) -> Result<(), String> {
        let vmid = self.look(|state| find(state, machine));
        let vmid = vmid.ok_or_else(|| format!("no machine is called {machine}"))?;
        let done = self.with(|state| match switch {
            Switch::On => state.switch_on(vmid),
            Switch::Off => {
                state.cut_power(vmid);
                Ok(())
            }
            Switch::Reset => {
                state.guest_stopped(vmid, true);
                Ok(())
            }
        });
        self.save();
        done.map_err(|refusal| refusal.exit_status())
    }

    /// Whether a host runs.
    pub(crate) fn is_online(&self, node: &str) -> bool {
        self.look(|state| state.hosts.get(node).is_some_and(|host| host.online))
    }

    /// Switches a host on or off. One that goes off takes its VMs and workers with it.
    pub fn set_online(&self, node: &str, online: bool) {
        self.with(|state| match online {
            true => state.host_on(node),
            false => state.host_off(node),
        });
        self.save();
    }

    /// Takes a VM's power away.
    pub fn cut_power(&self, vmid: u32) {
        self.with(|state| state.cut_power(vmid));
        self.save();
    }

    /// Puts a VM there, with its volumes, as if it had been made long ago.
    ///
    /// # Errors
    /// What PVE would say to it.
    pub fn put_vm(
        &self,
        node: &str,
        vmid: u32,
        options: &[(&str, &str)],
        running: bool,
    ) -> Result<(), String> {
        let options = options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.with(|state| state.put_vm(node, vmid, options, running))
            .map_err(|refusal| refusal.exit_status())
    }

    /// Edits a VM's file as somebody at the host would; an empty value removes the line.
    pub fn edit_file(&self, vmid: u32, option: &str, value: &str) {
        self.with(|state| {
            if let Some(vm) = state.vms.get_mut(&vmid) {
                match value {
                    "" => drop(vm.config.current.remove(option)),
                    value => vm.config.set(option, value),
                }
            }
        });
    }

    /// Removes a VM with its volumes, whatever it does.
    pub fn remove_vm(&self, vmid: u32) {
        self.with(|state| state.forget_vm(vmid));
    }
}

fn find(state: &Datacenter, machine: &str) -> Option<u32> {
    let named = |vmid: &u32| {
        let vm = state.vms.get(vmid);
        let name = vm.and_then(|vm| vm.config.get("name"));
        name == Some(machine) || vmid.to_string() == machine
    };
    state.vms.keys().copied().find(named)
}
