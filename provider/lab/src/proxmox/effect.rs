//! What the simulated hypervisor asks of the world outside it.

use std::sync::Arc;

use serde_json::Value;

use crate::proxmox::fetch::Fetch;

/// Something to do after a request or after time passed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A VM started.
    PowerOn(PowerOn),
    /// A VM's power is gone, without a word to the guest.
    PowerOff {
        /// The VM.
        vmid: u32,
    },
    /// Somebody pressed the power button (ACPI); a guest that obeys calls `guest_stopped`.
    PowerButton {
        /// The VM.
        vmid: u32,
    },
    /// The machine was reset: the same hardware boots again.
    Reset(PowerOn),
    /// Hardware of a running VM changed: a disk, a card or a medium came or went.
    Changed(PowerOn),
    /// A worker (its id) waits for a document.
    Download(String, Fetch),
}

/// A VM's hardware as the guest finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerOn {
    /// The VM.
    pub vmid: u32,
    /// Its name.
    pub name: String,
    /// The host that it runs on.
    pub node: String,
    /// SMBIOS UUID; empty where the VM has none.
    pub uuid: String,
    /// All virtual CPUs.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Devices in boot order.
    pub boot_order: Vec<String>,
    /// Disks by slot order.
    pub disks: Vec<Disk>,
    /// CD-ROM drives by slot order.
    pub cdroms: Vec<Cdrom>,
    /// Network cards by number.
    pub links: Vec<Link>,
}

/// A disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Disk {
    /// `scsi0`.
    pub slot: String,
    /// The volume id.
    pub volume: String,
    /// Bytes.
    pub size: u64,
    /// The serial number that the guest reads.
    pub serial: Option<String>,
    /// What a simulated machine wrote to it; null for a blank disk.
    pub written: Value,
    /// The image it was made from, where it was imported and not written since.
    pub image: Option<Arc<[u8]>>,
}

/// A CD-ROM drive.
#[derive(Debug, Clone, PartialEq)]
pub struct Cdrom {
    /// `ide2`.
    pub slot: String,
    /// The volume id; none for an empty drive.
    pub volume: Option<String>,
    /// The image.
    pub image: Option<Arc<[u8]>>,
}

/// A network card.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// `net0`.
    pub slot: String,
    /// MAC address as configured.
    pub mac: String,
    /// Bridge or vnet.
    pub bridge: Option<String>,
    /// VLAN tag.
    pub vlan: Option<u16>,
    /// Whether the cable is in.
    pub up: bool,
}
