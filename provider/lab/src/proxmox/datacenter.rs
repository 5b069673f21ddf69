//! The state of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::proxmox::auth::Access;
use crate::proxmox::effect::Effect;
use crate::proxmox::storage::{Blobs, Storage, Volume};
use crate::proxmox::task::Task;
use crate::proxmox::vm::Vm;
use crate::world::Random;

/// Everything that a cluster of Proxmox VE hosts remembers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Datacenter {
    /// The lab's clock: milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) random: Random,
    pub(crate) version: Version,
    pub(crate) hosts: BTreeMap<String, Host>,
    pub(crate) storages: BTreeMap<String, Storage>,
    /// Volumes by `storage` or, where each host has its own, `storage@host`.
    pub(crate) places: BTreeMap<String, BTreeMap<String, Volume>>,
    pub(crate) vms: BTreeMap<u32, Vm>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) access: Access,
    pub(crate) pools: BTreeMap<String, Pool>,
    /// By kind (`pci`, `usb`) and id.
    pub(crate) mappings: BTreeMap<String, BTreeMap<String, Mapping>>,
    pub(crate) ha_resources: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) ha_rules: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) vnets: BTreeMap<String, Vnet>,
    pids: u64,
    #[serde(skip)]
    pub(crate) effects: Vec<Effect>,
    #[serde(skip)]
    pub(crate) blobs: Blobs,
}

/// A release of Proxmox VE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) patch: u32,
}

/// A host.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Host {
    pub(crate) online: bool,
    pub(crate) address: String,
    pub(crate) cpus: u32,
    /// Bytes.
    pub(crate) memory: u64,
    pub(crate) bridges: BTreeSet<String>,
    /// Devices as `hardware/pci` and `hardware/usb` list them.
    pub(crate) pci: Vec<Value>,
    pub(crate) usb: Vec<Value>,
    /// SHA-256 of its certificate, filled in when its server starts.
    #[serde(default)]
    pub(crate) fingerprint: String,
}

/// A pool.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pool {
    pub(crate) comment: Option<String>,
    pub(crate) vms: BTreeSet<u32>,
    pub(crate) storages: BTreeSet<String>,
}

/// A resource mapping.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Mapping {
    /// Property strings, one per host and device.
    pub(crate) map: Vec<String>,
    pub(crate) options: BTreeMap<String, String>,
}

/// A virtual network of the SDN.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Vnet {
    pub(crate) zone: String,
    pub(crate) tag: Option<u32>,
}

impl Datacenter {
    /// An empty cluster of one release.
    pub(crate) fn new(seed: u64, now: i64, version: Version) -> Self {
        Self {
            now,
            random: Random::new(seed),
            version,
            hosts: BTreeMap::new(),
            storages: BTreeMap::new(),
            places: BTreeMap::new(),
            vms: BTreeMap::new(),
            tasks: Vec::new(),
            access: Access::default(),
            pools: BTreeMap::new(),
            mappings: BTreeMap::new(),
            ha_resources: BTreeMap::new(),
            ha_rules: BTreeMap::new(),
            vnets: BTreeMap::new(),
            pids: 0x4000,
            effects: Vec::new(),
            blobs: Blobs::default(),
        }
    }

    /// Seconds since 1970.
    pub(crate) fn seconds(&self) -> i64 {
        self.now / 1000
    }

    pub(crate) fn next_pid(&mut self) -> u64 {
        self.pids += 1;
        self.pids
    }

    /// A host comes back; its VMs stay off.
    pub(crate) fn host_on(&mut self, node: &str) {
        if let Some(host) = self.hosts.get_mut(node) {
            host.online = true;
        }
    }

    /// A host loses its power, and with it what runs there.
    pub(crate) fn host_off(&mut self, node: &str) {
        if let Some(host) = self.hosts.get_mut(node) {
            host.online = false;
        }
        self.lose_tasks(node);
        for (vmid, vm) in &mut self.vms {
            if vm.node == node && vm.running.take().is_some() {
                self.effects.push(Effect::PowerOff { vmid: *vmid });
            }
        }
    }

    /// Whether a host knows a bridge or vnet of that name.
    pub(crate) fn has_bridge(&self, node: &str, bridge: &str) -> bool {
        let local = self
            .hosts
            .get(node)
            .is_some_and(|host| host.bridges.contains(bridge));
        local || self.vnets.contains_key(bridge)
    }

    /// The pool that a VM is in.
    pub(crate) fn pool_of(&self, vmid: u32) -> Option<&str> {
        let found = self.pools.iter().find(|(_, pool)| pool.vms.contains(&vmid));
        found.map(|(name, _)| name.as_str())
    }

    /// The HA resource of a VM.
    pub(crate) fn ha_of(&self, vmid: u32) -> Option<&BTreeMap<String, String>> {
        self.ha_resources.get(&format!("vm:{vmid}"))
    }
}
