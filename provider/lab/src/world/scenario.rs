//! Scenario files: what is there from the start, and what goes wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::proxmox::Datacenter;
use crate::proxmox::setup;
use crate::services::ServicesPart;

/// A scenario file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What is there from the start.
    #[serde(default)]
    pub world: World,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// What is there from the start; every part left out has its default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The release of Talos on the boot image; for the machines.
    #[serde(default)]
    pub talos_version: Option<String>,
    /// Release of Proxmox VE, `9.2.11`.
    #[serde(default)]
    pub proxmox_version: Option<String>,
    /// Hosts by name.
    #[serde(default)]
    pub hosts: BTreeMap<String, HostPart>,
    /// Storages by name.
    #[serde(default)]
    pub storages: BTreeMap<String, StoragePart>,
    /// Virtual networks by name.
    #[serde(default)]
    pub vnets: BTreeMap<String, VnetPart>,
    /// Users with their passwords.
    #[serde(default)]
    pub users: BTreeMap<String, String>,
    /// API tokens by full id.
    #[serde(default)]
    pub tokens: BTreeMap<String, TokenPart>,
    /// Roles with their privileges.
    #[serde(default)]
    pub roles: BTreeMap<String, BTreeSet<String>>,
    /// Who may do what where.
    #[serde(default)]
    pub acl: Vec<AclPart>,
    /// Names of pools.
    #[serde(default)]
    pub pools: BTreeSet<String>,
    /// VMs by number.
    #[serde(default)]
    pub vms: BTreeMap<u32, VmPart>,
    /// Whether pods have a network even where the configuration leaves it to others and nobody
    /// brought one; they have unless this says no.
    #[serde(default)]
    pub pod_network: Option<bool>,
    /// Image factory, registry and git host.
    #[serde(default)]
    pub services: ServicesPart,
    /// Machines without a hypervisor; read by what plays the machines.
    #[serde(default)]
    pub machines: Vec<Value>,
}

/// A host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostPart {
    /// Where its API listens.
    pub address: String,
    /// Whether it runs.
    #[serde(default = "yes")]
    pub online: bool,
    /// CPUs.
    #[serde(default = "cpus")]
    pub cpus: u32,
    /// Memory in GiB.
    #[serde(default = "memory")]
    pub memory_gib: u64,
    /// Bridges.
    #[serde(default = "bridges")]
    pub bridges: BTreeSet<String>,
    /// PCI devices, as the API lists them.
    #[serde(default)]
    pub pci: Vec<Value>,
    /// USB devices, as the API lists them.
    #[serde(default)]
    pub usb: Vec<Value>,
}

/// A storage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoragePart {
    /// `dir`, `nfs`, `cephfs`, `rbd`, `lvmthin`, `lvm` or `zfspool`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it may hold.
    pub content: BTreeSet<String>,
    /// Whether all hosts see the same volumes.
    #[serde(default)]
    pub shared: bool,
    /// Its directory, where it has one.
    #[serde(default)]
    pub path: Option<String>,
    /// GiB in all; decimals are fine.
    #[serde(default = "size")]
    pub size_gib: f64,
    /// The hosts that have it; all where none is named.
    #[serde(default)]
    pub nodes: BTreeSet<String>,
}

/// A virtual network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VnetPart {
    /// Its zone.
    pub zone: String,
    /// Its tag.
    #[serde(default)]
    pub tag: Option<u32>,
}

/// An API token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPart {
    /// The secret.
    pub secret: String,
    /// Whether it has only rights of its own.
    #[serde(default)]
    pub separate: bool,
}

/// A right.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AclPart {
    /// Where.
    pub path: String,
    /// A user or a token.
    pub who: String,
    /// The role.
    pub role: String,
    /// Whether it counts below, too.
    #[serde(default = "yes")]
    pub propagate: bool,
}

/// A VM that is there from the start; its volumes are made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmPart {
    /// Its host.
    pub node: String,
    /// Options as the API takes them.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Whether it runs.
    #[serde(default)]
    pub running: bool,
}

fn yes() -> bool {
    true
}

fn cpus() -> u32 {
    16
}

fn memory() -> u64 {
    64
}

fn size() -> f64 {
    1024.0
}

fn bridges() -> BTreeSet<String> {
    ["vmbr0".to_owned()].into()
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// The text is no scenario; the message names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut scenario: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        scenario.world.fill_in();
        Ok(scenario)
    }
}

impl World {
    /// The world that is there when nobody asks for another: three hosts, a directory and a thin
    /// pool on each, Ceph's two kinds of shared storage.
    #[must_use]
    pub fn usual() -> Self {
        let mut world = Self::default();
        world.fill_in();
        world
    }

    fn fill_in(&mut self) {
        if self.hosts.is_empty() {
            let hosts = [("pve01", 11), ("pve02", 12), ("pve03", 13)];
            let part = |(name, last): (&str, u8)| {
                (name.to_owned(), HostPart::at(&format!("192.0.2.{last}")))
            };
            self.hosts = hosts.map(part).into();
        }
        if self.storages.is_empty() {
            self.storages = usual_storages();
        }
        if self.vnets.is_empty() {
            let vnet = VnetPart {
                zone: "evpnz1".to_owned(),
                tag: Some(101),
            };
            self.vnets.insert("vnet101".to_owned(), vnet);
        }
        if self.users.is_empty() {
            self.users
                .insert("root@pam".to_owned(), "lab-root".to_owned());
        }
    }

    /// The state of a cluster that starts with this.
    pub(crate) fn build(&self, seed: u64, now: i64) -> Result<Datacenter, String> {
        let version = setup::version(self.proxmox_version.as_deref().unwrap_or("9.2.11"))?;
        let mut dc = Datacenter::new(seed, now, version);
        setup::hosts(&mut dc, &self.hosts);
        setup::storages(&mut dc, &self.storages);
        setup::networks(&mut dc, &self.vnets);
        setup::access(&mut dc, self);
        setup::vms(&mut dc, &self.vms)?;
        Ok(dc)
    }
}

impl HostPart {
    fn at(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            online: true,
            cpus: cpus(),
            memory_gib: memory(),
            bridges: bridges(),
            pci: vec![gpu()],
            usb: Vec::new(),
        }
    }
}

/// A graphics function that mappings can name.
fn gpu() -> Value {
    json!({
        "id": "0000:00:02.1",
        "class": "0x030000",
        "vendor": "0x8086",
        "device": "0x56a0",
        "subsystem_vendor": "0x8086",
        "subsystem_device": "0x1020",
        "iommugroup": 15,
        "vendor_name": "Intel Corporation",
        "device_name": "DG2",
    })
}

fn usual_storages() -> BTreeMap<String, StoragePart> {
    let part = |kind: &str, content: &[&str], shared: bool, path: Option<&str>| StoragePart {
        kind: kind.to_owned(),
        content: content.iter().map(ToString::to_string).collect(),
        shared,
        path: path.map(str::to_owned),
        size_gib: size(),
        nodes: BTreeSet::new(),
    };
    let files = ["iso", "import", "vztmpl", "backup", "snippets"];
    [
        ("local", part("dir", &files, false, Some("/var/lib/vz"))),
        (
            "local-lvm",
            part("lvmthin", &["images", "rootdir"], false, None),
        ),
        ("rbd-vm", part("rbd", &["images", "rootdir"], true, None)),
        (
            "resources",
            part("cephfs", &files, true, Some("/mnt/pve/resources")),
        ),
    ]
    .map(|(name, part)| (name.to_owned(), part))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_read() {
        let text = "
world:
  hosts:
    pve1: { address: 192.0.2.1, cpus: 4 }
faults:
  - { match: { service: proxmox, method: POST, path: '/nodes/*/qemu', nth: 1 }, when: after, effect: drop }
";
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!(scenario.world.hosts["pve1"].cpus, 4);
        assert_eq!(scenario.faults.len(), 1);
        assert!(scenario.world.storages.contains_key("rbd-vm"));
        assert!(Scenario::parse("world: { hosst: {} }").is_err());
    }

    #[test]
    fn the_usual_world_has_three_hosts() {
        let dc = World::usual().build(1, 0).unwrap();
        assert_eq!(dc.hosts.len(), 3);
        assert!(dc.storages["rbd-vm"].shared);
    }
}
