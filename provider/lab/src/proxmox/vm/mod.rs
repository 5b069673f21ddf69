//! Virtual machines.

mod access;
mod agent;
mod apply;
mod clone;
mod cloud_init;
mod config;
mod create;
mod destroy;
mod disks;
mod hardware;
mod hotplug;
mod migrate;
mod move_disk;
mod power;
mod read;
mod resize;
mod rights;
mod snapshot;
mod start;
mod status;
mod template;
mod update;

pub(crate) use agent::{interfaces, ping};
pub(crate) use clone::{Clone, check_clone, clone};
pub(crate) use cloud_init::{dump, regenerate, values};
pub(crate) use config::Config;
pub(crate) use create::{Create, create};
pub(crate) use destroy::{Destroy, destroy};
pub(crate) use migrate::{Migrate, migrate, preconditions};
pub(crate) use move_disk::{MoveDisk, move_disk};
pub(crate) use power::{Power, reboot, reset, resume, shutdown, start, stop, suspend};
pub(crate) use read::{config, index, pending};
pub(crate) use resize::{Resize, resize};
pub(crate) use snapshot::{Snapshot, rollback, snapshot, snapshot_delete, snapshots};
pub(crate) use status::{current, list, resource};
pub(crate) use template::{Template, template};
pub(crate) use update::{Update, post, put, unlink};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::datacenter::Datacenter;

/// A VM.
#[derive(Debug, std::clone::Clone, Serialize, Deserialize)]
pub(crate) struct Vm {
    pub(crate) node: String,
    pub(crate) config: Config,
    /// Present while it runs.
    pub(crate) running: Option<Running>,
}

/// A VM's process.
#[derive(Debug, std::clone::Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Milliseconds of the lab's clock.
    pub(crate) since: i64,
    pub(crate) pid: u64,
    pub(crate) paused: bool,
    pub(crate) guest: Guest,
    /// Bytes written since then, by drive.
    #[serde(default)]
    pub(crate) written: BTreeMap<String, u64>,
}

/// How the guest behaves towards the hypervisor.
#[derive(Debug, std::clone::Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guest {
    /// It obeys the power button and gives devices back.
    pub(crate) obeys: bool,
    /// From the power button to power off, in milliseconds.
    pub(crate) shutdown: i64,
}

impl Datacenter {
    /// A VM that must be on a host.
    ///
    /// # Errors
    /// 500, in the words of a missing configuration file.
    pub(crate) fn vm(&self, node: &str, vmid: u32) -> Reply<&Vm> {
        let vm = self.vms.get(&vmid).filter(|vm| vm.node == node);
        vm.ok_or_else(|| missing_file(node, vmid))
    }

    pub(crate) fn vm_mut(&mut self, node: &str, vmid: u32) -> Reply<&mut Vm> {
        let vm = self.vms.get_mut(&vmid).filter(|vm| vm.node == node);
        vm.ok_or_else(|| missing_file(node, vmid))
    }

    /// A VM for calls that look for its process first.
    ///
    /// # Errors
    /// 500, in the words of those calls.
    fn process(&self, node: &str, vmid: u32) -> Reply<&Vm> {
        let vm = self.vms.get(&vmid).filter(|vm| vm.node == node);
        let text = format!("unable to find configuration file for VM {vmid} on node '{node}'");
        vm.ok_or_else(|| Refusal::die(text))
    }
}

fn missing_file(node: &str, vmid: u32) -> Refusal {
    let text = format!("Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist");
    Refusal::die(text)
}
