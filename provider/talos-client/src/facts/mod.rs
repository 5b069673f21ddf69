//! What a machine says of itself.

mod read;
mod status;

pub use status::{MachineStatus, Stage, UnmetCondition};

use std::collections::BTreeMap;

use crate::calls::Service;

/// The cluster that a machine is configured for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInfo {
    /// `cluster.id` of its configuration.
    pub id: String,
    /// `cluster.clusterName` of its configuration.
    pub name: String,
}

/// A system extension of the boot image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Device path, such as `/dev/sda`.
    pub device: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Model.
    pub model: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// World wide name.
    pub wwid: Option<String>,
    /// UUID.
    pub uuid: Option<String>,
    /// Where it is attached.
    pub bus_path: Option<String>,
    /// Such as `sata`, `nvme` or `virtio`.
    pub transport: Option<String>,
    /// It spins.
    pub rotational: bool,
    /// It cannot be written.
    pub readonly: bool,
    /// It is a CD-ROM drive.
    pub cdrom: bool,
}

/// A network link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// MAC address.
    pub hardware_address: Option<String>,
    /// Empty for a physical link, else such as `bond`, `vlan` or `veth`.
    pub kind: Option<String>,
    /// Operational state: up, down, unknown.
    pub state: Option<String>,
    /// Largest packet in bytes.
    pub mtu: Option<u64>,
    /// Kernel driver.
    pub driver: Option<String>,
    /// Megabit per second.
    pub speed_mbit: Option<u64>,
}

/// A machine at one moment. What it does not know or does not tell in its mode is `None` or empty.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeFacts {
    /// SMBIOS UUID; `None` in a container.
    pub uuid: Option<String>,
    /// Identity that Talos gives the machine at its first boot; lost with the STATE partition, kept by configurations.
    pub node_id: Option<String>,
    /// Host name.
    pub hostname: Option<String>,
    /// Stage, readiness and what is missing.
    pub status: MachineStatus,
    /// With leading `v`.
    pub talos_version: Option<String>,
    /// Such as `nocloud`.
    pub platform: Option<String>,
    /// Image Factory schematic that the boot image was made of.
    pub schematic_id: Option<String>,
    /// Extensions of the boot image.
    pub extensions: Vec<Extension>,
    /// Addresses, without prefix length, the default one first.
    pub addresses: Vec<String>,
    /// By name, such as `sda`.
    pub disks: BTreeMap<String, Disk>,
    /// Name of the disk that Talos is installed on.
    pub system_disk: Option<String>,
    /// By name, such as `eth0`.
    pub links: BTreeMap<String, Link>,
    /// By name.
    pub services: BTreeMap<String, Service>,
    /// Kernel's id of this boot; needs the role os:admin.
    pub boot_id: Option<String>,
    /// `None` before it is configured.
    pub cluster: Option<ClusterInfo>,
    /// controlplane or worker; `None` before it is configured.
    pub machine_type: Option<String>,
}
