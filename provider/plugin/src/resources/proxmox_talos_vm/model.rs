//! Attributes of `proxmox_talos_vm`.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;

/// A map whose keys are slots such as `scsi0`.
pub type Slots<T> = Field<BTreeMap<String, Field<T>>>;
/// Texts of which each may be unknown.
pub type Texts = Field<Vec<Field<String>>>;

/// A virtual machine on Proxmox VE for one Talos machine.
///
/// What is not set is not managed: it is left as it is, whoever set it. What cannot be changed without losing data is refused in
/// the plan, which says how it can be done; nothing is ever replaced. The plan says of each change whether a running machine takes it
/// at once or at its next power cycle, and the machine is not restarted unless `reboot_policy` allows it.
///
/// A machine is known by its vmid and its SMBIOS UUID. It carries a mark of this provider from its first moment, so that an
/// interrupted creation is resumed, and a machine that somebody else made is left alone.
#[derive(Model, Clone)]
pub struct TalosVm {
    /// The vmid.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Name, a DNS label.
    #[tf(required)]
    pub name: Field<String>,
    /// Host on which it is created. It is found wherever it moves later; see `current_node`.
    #[tf(required)]
    pub node: Field<String>,
    /// Number in the cluster, from 100 on; a free one unless given.
    #[tf(optional, computed, keep)]
    pub vmid: Field<i64>,
    /// Notes.
    #[tf(optional)]
    pub description: Field<String>,
    /// Tags; Proxmox VE keeps them in lower case.
    #[tf(optional)]
    pub tags: Field<BTreeSet<String>>,
    /// Resource pool.
    #[tf(optional)]
    pub pool: Field<String>,
    /// Whether it starts with its host.
    #[tf(optional)]
    pub on_boot: Field<bool>,
    /// Whether Proxmox VE refuses to destroy it and to take its disks away.
    #[tf(optional)]
    pub protection: Field<bool>,
    /// Firmware: `ovmf` or `seabios`. Created with `ovmf` unless given.
    #[tf(optional, one_of("ovmf", "seabios"))]
    pub bios: Field<String>,
    /// Machine type, such as `q35` or `pc-q35-9.2`. Created with `q35` unless given.
    #[tf(optional)]
    pub machine: Field<String>,
    /// SCSI controller. Created with `virtio-scsi-pci` unless given; `iothread` of SCSI disks needs `virtio-scsi-single`.
    #[tf(
        optional,
        one_of(
            "lsi",
            "lsi53c810",
            "virtio-scsi-pci",
            "virtio-scsi-single",
            "megasas",
            "pvscsi"
        )
    )]
    pub scsi_hardware: Field<String>,
    /// Processors.
    #[tf(optional)]
    pub cpu: Field<VmCpu>,
    /// Memory.
    #[tf(required)]
    pub memory: Field<VmMemory>,
    /// Where UEFI keeps its variables; needed with `ovmf`. Not changed once it is there.
    #[tf(optional)]
    pub efi_disk: Field<VmEfiDisk>,
    /// Trusted platform module. Not changed once it is there.
    #[tf(optional)]
    pub tpm: Field<VmTpm>,
    /// Disks by slot: `scsi0` to `scsi30`, `virtio0` to `virtio15`, `sata0` to `sata5`, `ide0` to `ide3`.
    #[tf(required)]
    pub disks: Slots<VmDisk>,
    /// Network interfaces by slot: `net0` to `net31`.
    #[tf(optional)]
    pub nics: Slots<VmNic>,
    /// CD-ROM drives by slot.
    #[tf(optional)]
    pub cdroms: Slots<VmCdrom>,
    /// Addresses and host name for maintenance mode, before the machine has a configuration: a small image that is made here,
    /// uploaded, and put into a CD-ROM drive. A change makes another image and swaps the medium.
    #[tf(optional)]
    pub network_seed: Field<VmSeed>,
    /// Devices of the host by slot: `hostpci0` to `hostpci15`.
    #[tf(optional)]
    pub host_pci: Slots<VmHostPci>,
    /// USB devices of the host by slot: `usb0` to `usb13`.
    #[tf(optional)]
    pub usb: Slots<VmUsb>,
    /// Serial ports by slot, `serial0` to `serial3`: `socket`.
    #[tf(optional)]
    pub serials: Field<BTreeMap<String, Field<String>>>,
    /// Display.
    #[tf(optional)]
    pub vga: Field<VmVga>,
    /// QEMU guest agent; Talos needs the extension `siderolabs/qemu-guest-agent` for it.
    #[tf(optional)]
    pub agent: Field<VmAgent>,
    /// Slots to start from, in order. Created with the disks, then the CD-ROM drives, unless given.
    #[tf(optional)]
    pub boot_order: Texts,
    /// What the firmware tells the guest about the machine. `family` is where the mark of this provider is.
    #[tf(optional)]
    pub smbios: Field<VmSmbios>,
    /// When it starts and stops with its host.
    #[tf(optional)]
    pub startup: Field<VmStartup>,
    /// High availability.
    #[tf(optional)]
    pub ha: Field<VmHa>,
    /// `running` or `stopped`. A running machine is shut down for `stopped`: the plan says so (`power_off`).
    #[tf(optional, default = "running", one_of("running", "stopped"))]
    pub power_state: Field<String>,
    /// What is done about changes that a running machine takes only at its next power cycle: `never` leaves them pending, and
    /// `if_required` shuts the machine down and starts it again, one machine at a time; where machines cannot be seen from here, one
    /// in a run. The guest gets half of `timeouts.update` to shut down, 15 minutes unless set, before its power is cut. A machine whose turn comes when less is left than that and the
    /// start need is not touched, and the update fails: apply again. `power_state = "stopped"` gives half of what is left.
    #[tf(optional, default = "never", one_of("never", "if_required"))]
    pub reboot_policy: Field<String>,
    /// How it is destroyed.
    #[tf(optional)]
    pub on_destroy: Field<VmOnDestroy>,
    /// What is waited for after a start: a port of the machine that answers, 50000 for 10 minutes unless set. Running out of time is
    /// a warning.
    #[tf(optional)]
    pub wait_for: Field<VmWaitFor>,
    /// Whether destroying it is refused.
    #[tf(optional, default = false)]
    pub deletion_protection: Field<bool>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// Its SMBIOS UUID, which Talos knows as the machine's UUID.
    #[tf(computed, keep)]
    pub uuid: Field<String>,
    /// Host on which it is now.
    #[tf(computed)]
    pub current_node: Field<String>,
    /// What it does: `running`, `stopped`, or what the emulator says, such as `paused`.
    #[tf(computed)]
    pub status: Field<String>,
    /// Hardware address by slot. Known at plan: made from the names of cluster, machine and slot unless `mac` is set.
    #[tf(computed)]
    pub mac_addresses: Field<BTreeMap<String, Field<String>>>,
    /// IPv4 addresses by slot: those of the seed, or what the guest agent tells.
    #[tf(computed)]
    pub ipv4_addresses: Field<BTreeMap<String, Texts>>,
    /// IPv6 addresses by slot: those of the seed, or what the guest agent tells.
    #[tf(computed)]
    pub ipv6_addresses: Field<BTreeMap<String, Texts>>,
    /// Addresses at which Talos answers.
    #[tf(computed)]
    pub talos_endpoints: Texts,
    /// Device name of the disk that is started from, such as `/dev/sda`.
    #[tf(computed)]
    pub install_disk: Field<String>,
    /// What waits for a power cycle: setting of Proxmox VE to `old -> new`.
    #[tf(computed)]
    pub pending_changes: Field<BTreeMap<String, Field<String>>>,
    /// Whether anything waits for a power cycle.
    #[tf(computed)]
    pub reboot_required: Field<bool>,
    /// Devices that are there and not set here: setting of Proxmox VE to its value.
    #[tf(computed)]
    pub unmanaged: Field<BTreeMap<String, Field<String>>>,
    /// Of the last change: `none`, `hot` (taken at once), `pending` (waits for a power cycle), `power_cycle`, `power_off` (it is shut
    /// down and stays off) or `offline` (the machine was stopped).
    #[tf(computed)]
    pub plan_effect: Field<String>,
    /// The last change: attribute to `old -> new`, with what a running machine does about it.
    #[tf(computed)]
    pub changes: Field<BTreeMap<String, Field<String>>>,
}

/// Processors.
#[derive(Model, Clone, PartialEq)]
pub struct VmCpu {
    /// Type, such as `host`. Created with `x86-64-v2-AES` unless given, the oldest that Talos starts on.
    #[tf(optional, rename = "type")]
    pub kind: Field<String>,
    /// Cores of each socket. Created with 2 unless given.
    #[tf(optional)]
    pub cores: Field<i64>,
    /// Sockets.
    #[tf(optional)]
    pub sockets: Field<i64>,
    /// Whether memory belongs to sockets.
    #[tf(optional)]
    pub numa: Field<bool>,
    /// Flags with their sign, such as `+aes`.
    #[tf(optional)]
    pub flags: Field<BTreeSet<String>>,
    /// Cores' worth of time at most; 0 for no limit.
    #[tf(optional)]
    pub limit: Field<f64>,
    /// Weight against other machines.
    #[tf(optional)]
    pub units: Field<i64>,
}

/// Memory.
#[derive(Model, Clone, PartialEq)]
pub struct VmMemory {
    /// MiB.
    #[tf(required)]
    pub mib: Field<i64>,
    /// Least MiB under pressure; 0 for no balloon, which is what Talos wants and what is created unless given.
    #[tf(optional)]
    pub balloon: Field<i64>,
}

/// Where UEFI keeps its variables.
#[derive(Model, Clone, PartialEq)]
pub struct VmEfiDisk {
    /// Storage.
    #[tf(required)]
    pub storage: Field<String>,
    /// `4m` or `2m`. Created with `4m` unless given.
    #[tf(optional, rename = "type", one_of("2m", "4m"))]
    pub kind: Field<String>,
    /// Whether Microsoft's keys are enrolled; Talos enrols its own. Created without unless given.
    #[tf(optional)]
    pub pre_enrolled_keys: Field<bool>,
}

/// Trusted platform module.
#[derive(Model, Clone, PartialEq)]
pub struct VmTpm {
    /// Storage.
    #[tf(required)]
    pub storage: Field<String>,
    /// `v2.0` or `v1.2`. Created with `v2.0` unless given.
    #[tf(optional, one_of("v1.2", "v2.0"))]
    pub version: Field<String>,
}

/// A disk.
#[derive(Model, Clone, PartialEq)]
pub struct VmDisk {
    /// Storage. Moving a disk is done in Proxmox VE.
    #[tf(required)]
    pub storage: Field<String>,
    /// GiB; it can grow and not shrink. Needed unless `import_from` is set.
    #[tf(optional)]
    pub size_gib: Field<i64>,
    /// Volume that is copied when the disk is made, such as `local:import/talos.qcow2`. Not looked at later.
    #[tf(optional)]
    pub import_from: Field<String>,
    /// Cache of the host.
    #[tf(
        optional,
        one_of("none", "writethrough", "writeback", "unsafe", "directsync")
    )]
    pub cache: Field<String>,
    /// How the host reads and writes.
    #[tf(optional, one_of("native", "threads", "io_uring"))]
    pub aio: Field<String>,
    /// Whether freed blocks are given back. Created so unless given.
    #[tf(optional)]
    pub discard: Field<bool>,
    /// Whether it looks like a solid-state disk; not with `virtio`. Created so unless given.
    #[tf(optional)]
    pub ssd: Field<bool>,
    /// Whether it has a thread of its own; SCSI disks need `virtio-scsi-single`.
    #[tf(optional)]
    pub iothread: Field<bool>,
    /// Serial number that the guest sees, at most 20 characters.
    #[tf(optional)]
    pub serial: Field<String>,
    /// Whether backups include it.
    #[tf(optional)]
    pub backup: Field<bool>,
    /// Whether replication includes it.
    #[tf(optional)]
    pub replicate: Field<bool>,
}

/// A network interface.
#[derive(Model, Clone, PartialEq)]
pub struct VmNic {
    /// Bridge or virtual network.
    #[tf(required)]
    pub bridge: Field<String>,
    /// Model. Created with `virtio` unless given.
    #[tf(optional)]
    pub model: Field<String>,
    /// Hardware address; see `mac_addresses`.
    #[tf(optional)]
    pub mac: Field<String>,
    /// VLAN id.
    #[tf(optional)]
    pub vlan: Field<i64>,
    /// VLAN ids that pass, such as `30` or `40-49`.
    #[tf(optional)]
    pub trunks: Field<BTreeSet<String>>,
    /// Largest packet; `virtio` only.
    #[tf(optional)]
    pub mtu: Field<i64>,
    /// Packet queues.
    #[tf(optional)]
    pub queues: Field<i64>,
    /// Whether the firewall of Proxmox VE filters it.
    #[tf(optional)]
    pub firewall: Field<bool>,
    /// Megabytes a second at most.
    #[tf(optional)]
    pub rate_mbps: Field<f64>,
    /// Whether the cable is pulled.
    #[tf(optional)]
    pub link_down: Field<bool>,
}

/// A CD-ROM drive.
#[derive(Model, Clone, PartialEq)]
pub struct VmCdrom {
    /// Volume, such as the `file_id` of a `proxmox_talos_image`; `none` for an empty drive.
    #[tf(required)]
    pub volume: Field<String>,
}

/// Addresses and host name for maintenance mode.
#[derive(Model, Clone, PartialEq)]
pub struct VmSeed {
    /// Storage that takes ISO images.
    #[tf(required)]
    pub storage: Field<String>,
    /// CD-ROM drive.
    #[tf(optional, default = "ide3")]
    pub slot: Field<String>,
    /// Host name.
    #[tf(optional)]
    pub hostname: Field<String>,
    /// Interfaces by slot of `nics`.
    #[tf(optional)]
    pub interfaces: Slots<SeedInterface>,
    /// Addresses of name servers.
    #[tf(optional)]
    pub nameservers: Texts,
    /// Domains to search.
    #[tf(optional)]
    pub search_domains: Texts,
}

/// What an interface gets.
#[derive(Model, Clone, PartialEq)]
pub struct SeedInterface {
    /// Addresses with prefix length.
    #[tf(optional)]
    pub addresses: Texts,
    /// Default gateway.
    #[tf(optional)]
    pub gateway4: Field<String>,
    /// Default gateway.
    #[tf(optional)]
    pub gateway6: Field<String>,
    /// Largest packet.
    #[tf(optional)]
    pub mtu: Field<i64>,
    /// Further routes.
    #[tf(optional)]
    pub routes: Field<Vec<Field<SeedRoute>>>,
    /// Whether it asks for an IPv4 address.
    #[tf(optional)]
    pub dhcp4: Field<bool>,
    /// Whether it asks for an IPv6 address.
    #[tf(optional)]
    pub dhcp6: Field<bool>,
    /// VLANs on it by id.
    #[tf(optional)]
    pub vlans: Slots<SeedVlan>,
}

/// What a VLAN gets.
#[derive(Model, Clone, PartialEq)]
pub struct SeedVlan {
    /// Addresses with prefix length.
    #[tf(optional)]
    pub addresses: Texts,
    /// Default gateway.
    #[tf(optional)]
    pub gateway4: Field<String>,
    /// Default gateway.
    #[tf(optional)]
    pub gateway6: Field<String>,
    /// Largest packet.
    #[tf(optional)]
    pub mtu: Field<i64>,
    /// Further routes.
    #[tf(optional)]
    pub routes: Field<Vec<Field<SeedRoute>>>,
}

/// A route.
#[derive(Model, Clone, PartialEq)]
pub struct SeedRoute {
    /// Network with prefix length.
    #[tf(required)]
    pub to: Field<String>,
    /// Gateway.
    #[tf(required)]
    pub via: Field<String>,
    /// Smaller ones are preferred.
    #[tf(optional)]
    pub metric: Field<i64>,
}

/// A PCI device of the host.
#[derive(Model, Clone, PartialEq)]
pub struct VmHostPci {
    /// Name of a mapping. API tokens can set nothing else.
    #[tf(optional)]
    pub mapping: Field<String>,
    /// Address such as `0000:00:02.1`. Only root can set it; one that is there already can be named.
    #[tf(optional)]
    pub id: Field<String>,
    /// Whether it is on PCI Express; needs `q35`.
    #[tf(optional)]
    pub pcie: Field<bool>,
    /// Whether the guest sees its firmware.
    #[tf(optional)]
    pub rombar: Field<bool>,
    /// Whether it is the primary display.
    #[tf(optional)]
    pub xvga: Field<bool>,
    /// Type of a mediated device.
    #[tf(optional)]
    pub mdev: Field<String>,
}

/// A USB device of the host.
#[derive(Model, Clone, PartialEq)]
pub struct VmUsb {
    /// Name of a mapping. API tokens can set nothing else.
    #[tf(optional)]
    pub mapping: Field<String>,
    /// Device such as `1234:5678` or `1-1.2`. Only root can set it; one that is there already can be named.
    #[tf(optional)]
    pub host: Field<String>,
    /// Whether it is on USB 3.
    #[tf(optional)]
    pub usb3: Field<bool>,
}

/// Display.
#[derive(Model, Clone, PartialEq)]
pub struct VmVga {
    /// Type, such as `std`, `virtio`, `serial0` or `none`.
    #[tf(required, rename = "type")]
    pub kind: Field<String>,
    /// MiB.
    #[tf(optional)]
    pub memory_mib: Field<i64>,
}

/// QEMU guest agent.
#[derive(Model, Clone, PartialEq)]
pub struct VmAgent {
    /// Whether Proxmox VE talks to it.
    #[tf(required)]
    pub enabled: Field<bool>,
    /// `virtio` or `isa`.
    #[tf(optional, rename = "type", one_of("virtio", "isa"))]
    pub kind: Field<String>,
}

/// What the firmware tells the guest about the machine.
#[derive(Model, Clone, PartialEq)]
pub struct VmSmbios {
    /// Serial number.
    #[tf(optional)]
    pub serial: Field<String>,
    /// Manufacturer.
    #[tf(optional)]
    pub manufacturer: Field<String>,
    /// Product.
    #[tf(optional)]
    pub product: Field<String>,
    /// Version.
    #[tf(optional)]
    pub version: Field<String>,
    /// Stock keeping unit.
    #[tf(optional)]
    pub sku: Field<String>,
}

/// When it starts and stops with its host. The token needs `Sys.Modify` on `/` for it.
#[derive(Model, Clone, PartialEq)]
pub struct VmStartup {
    /// Place in the order; shutting down goes backwards.
    #[tf(optional)]
    pub order: Field<i64>,
    /// How long the next one waits after this one was started.
    #[tf(optional)]
    pub up_delay: Field<GoDuration>,
    /// How long it may take to shut down.
    #[tf(optional)]
    pub down_delay: Field<GoDuration>,
}

/// High availability. The token needs `Sys.Console` on `/` for it.
#[derive(Model, Clone, PartialEq)]
pub struct VmHa {
    /// `started`, `stopped`, `disabled` or `ignored`; `started` by default.
    #[tf(optional, one_of("started", "stopped", "disabled", "ignored"))]
    pub state: Field<String>,
    /// Restarts on the same host.
    #[tf(optional)]
    pub max_restart: Field<i64>,
    /// Moves to other hosts.
    #[tf(optional)]
    pub max_relocate: Field<i64>,
    /// Notes.
    #[tf(optional)]
    pub comment: Field<String>,
}

/// How it is destroyed.
#[derive(Model, Clone, PartialEq)]
pub struct VmOnDestroy {
    /// How long the guest may take to shut down before it is destroyed; one minute unless given.
    #[tf(optional)]
    pub shutdown_timeout: Field<GoDuration>,
    /// Whether the power is cut when the guest does not shut down, whatever the shutdown is for; true unless given. A machine with
    /// `ha` is stopped by force all the same: its shutdown goes through the high availability of Proxmox VE, which does that when
    /// the time is over.
    #[tf(optional)]
    pub force_stop: Field<bool>,
    /// What is done about disks that are not set here, such as volumes that something in the cluster attached: `refuse` to
    /// destroy the machine, which is what happens unless given, or `ignore` them. Ignored disks that belong to the vmid are destroyed.
    #[tf(optional, one_of("refuse", "ignore"))]
    pub foreign_disks: Field<String>,
}

/// What is waited for after a start.
#[derive(Model, Clone, PartialEq)]
pub struct VmWaitFor {
    /// Port.
    #[tf(optional, default = 50000)]
    pub port: Field<i64>,
    /// How long.
    #[tf(optional)]
    pub timeout: Field<GoDuration>,
}
