//! Attributes of `talos_node`.

use std::collections::BTreeMap;

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;

/// Reads one machine, configured or in maintenance mode.
///
/// Where nobody answers, `stage` is `unreachable`, the rest is null, and a warning says why.
#[derive(Model, Clone)]
pub struct Node {
    /// Addresses of the machine's Talos API, tried in order.
    #[tf(required)]
    pub endpoints: Field<Vec<Field<String>>>,
    /// Client identity for the Talos API; the provider's unless given. Without any, only a machine in maintenance
    /// mode can be read.
    #[tf(optional, sensitive)]
    pub client_configuration: Field<ClientConfiguration>,
    /// How long reading may take, as a Go duration; a machine that is silent is given up after ten seconds at most.
    #[tf(optional)]
    pub timeouts: Field<ReadTimeout>,
    /// SMBIOS UUID; null in a container.
    #[tf(computed)]
    pub uuid: Field<String>,
    /// Host name.
    #[tf(computed)]
    pub hostname: Field<String>,
    /// Stage: `maintenance`, `installing`, `booting`, `running`, `rebooting`, `shutting down`, `resetting`,
    /// `upgrading`, `unknown`, or `unreachable`.
    #[tf(computed)]
    pub stage: Field<String>,
    /// Talos version that runs, with `v`.
    #[tf(computed)]
    pub talos_version: Field<String>,
    /// Image Factory schematic of the image that runs; null where it has none.
    #[tf(computed)]
    pub schematic_id: Field<String>,
    /// Versions of the system extensions by name.
    #[tf(computed)]
    pub extensions: Field<BTreeMap<String, Field<String>>>,
    /// Addresses that the machine has, without prefix lengths.
    #[tf(computed)]
    pub addresses: Field<Vec<Field<String>>>,
    /// Disks by name, such as `sda`.
    #[tf(computed)]
    pub disks: Field<BTreeMap<String, NodeDisk>>,
    /// Network links by name, such as `eth0`.
    #[tf(computed)]
    pub links: Field<BTreeMap<String, NodeLink>>,
    /// Talos services by name.
    #[tf(computed)]
    pub services: Field<BTreeMap<String, NodeService>>,
}

/// A disk.
#[derive(Model, Clone)]
pub struct NodeDisk {
    /// Device path, such as `/dev/sda`.
    #[tf(computed)]
    pub device: Field<String>,
    /// Size in bytes.
    #[tf(computed)]
    pub size_bytes: Field<i64>,
    /// Model.
    #[tf(computed)]
    pub model: Field<String>,
    /// Serial number.
    #[tf(computed)]
    pub serial: Field<String>,
    /// World wide name.
    #[tf(computed)]
    pub wwid: Field<String>,
    /// UUID.
    #[tf(computed)]
    pub uuid: Field<String>,
    /// Where it is attached.
    #[tf(computed)]
    pub bus_path: Field<String>,
    /// How it is attached: `sata`, `nvme`, `virtio`, ….
    #[tf(computed)]
    pub transport: Field<String>,
    /// Whether it spins.
    #[tf(computed)]
    pub rotational: Field<bool>,
    /// Whether it cannot be written.
    #[tf(computed)]
    pub readonly: Field<bool>,
    /// Whether it is a CD-ROM drive.
    #[tf(computed)]
    pub cdrom: Field<bool>,
    /// Whether Talos is installed on it.
    #[tf(computed)]
    pub system: Field<bool>,
}

/// A network link.
#[derive(Model, Clone)]
pub struct NodeLink {
    /// MAC address.
    #[tf(computed)]
    pub hardware_address: Field<String>,
    /// Kind of a virtual link, such as `bond` or `vlan`; null for a physical one.
    #[tf(computed)]
    pub kind: Field<String>,
    /// Operational state: `up`, `down` or `unknown`.
    #[tf(computed)]
    pub state: Field<String>,
    /// Largest packet in bytes.
    #[tf(computed)]
    pub mtu: Field<i64>,
    /// Kernel driver.
    #[tf(computed)]
    pub driver: Field<String>,
    /// Speed in megabit per second.
    #[tf(computed)]
    pub speed_mbit: Field<i64>,
}

/// A Talos service.
#[derive(Model, Clone)]
pub struct NodeService {
    /// State: `Running`, `Waiting`, `Failed`, ….
    #[tf(computed)]
    pub state: Field<String>,
    /// Whether its health check passes; null where it has none.
    #[tf(computed)]
    pub healthy: Field<bool>,
}
