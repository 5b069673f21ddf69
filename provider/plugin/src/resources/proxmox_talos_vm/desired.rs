//! What the attributes ask of Proxmox VE: keys of its configuration with the values, or the parts of values, that are set. Pure.

use std::collections::BTreeMap;

use framework::prelude::*;
use proxmox_client::codec::{Properties, Tags};

use super::model::{TalosVm, VmCpu, VmDisk, VmHa, VmHostPci, VmNic, VmStartup, VmUsb};

/// What one key shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// The whole value.
    Text(String),
    /// These parts of it; the others are not managed.
    Parts(Properties),
}

/// A disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Storage.
    pub storage: String,
    /// GiB, where it is set.
    pub gib: Option<u64>,
    /// What it is copied from when it is made.
    pub import_from: Option<String>,
    /// Options that are set.
    pub options: Properties,
}

/// A disk that firmware or a security chip keeps its state on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateDisk {
    /// Storage.
    pub storage: String,
    /// Options that are set.
    pub options: Properties,
}

/// Everything that the attributes ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Keys of the configuration, disks and CD-ROM drives aside.
    pub keys: BTreeMap<String, Want>,
    /// Disks by slot.
    pub disks: BTreeMap<String, Disk>,
    /// Volumes by slot, without the seed's.
    pub cdroms: BTreeMap<String, String>,
    /// `efidisk0` and `tpmstate0`.
    pub state_disks: BTreeMap<String, StateDisk>,
    /// Texts for the firmware.
    pub smbios: BTreeMap<String, String>,
    /// Resource pool.
    pub pool: Option<String>,
    /// High availability.
    pub ha: Option<BTreeMap<String, String>>,
}

/// What known attributes ask for.
pub fn desired(model: &TalosVm) -> Desired {
    let mut desired = Desired {
        pool: model.pool.cloned(),
        ha: model.ha.get().map(ha),
        ..Desired::default()
    };
    texts(model, &mut desired.keys);
    devices(model, &mut desired.keys);
    for (slot, disk) in slots(&model.disks) {
        desired.disks.insert(slot.clone(), self::disk(disk));
    }
    for (slot, cdrom) in slots(&model.cdroms) {
        let volume = cdrom.volume.text().to_owned();
        desired.cdroms.insert(slot.clone(), volume);
    }
    state_disks(model, &mut desired.state_disks);
    if let Some(smbios) = model.smbios.get() {
        let fields = [
            ("serial", &smbios.serial),
            ("manufacturer", &smbios.manufacturer),
            ("product", &smbios.product),
            ("version", &smbios.version),
            ("sku", &smbios.sku),
        ];
        let set = fields
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text.cloned()?)));
        desired.smbios = set.collect();
    }
    desired
}

/// The members of a map that are there.
pub fn slots<T>(map: &Field<BTreeMap<String, Field<T>>>) -> impl Iterator<Item = (&String, &T)> {
    let members = map.get().into_iter().flatten();
    members.filter_map(|(slot, member)| Some((slot, member.get()?)))
}

/// Texts of a list that are known.
pub fn list(texts: &Field<Vec<Field<String>>>) -> Vec<String> {
    texts.all_known().unwrap_or_default()
}

fn texts(model: &TalosVm, keys: &mut BTreeMap<String, Want>) {
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            keys.insert(key.to_owned(), Want::Text(value));
        }
    };
    let flag = |field: &Field<bool>| field.cloned().map(|on| u8::from(on).to_string());
    let number = |field: &Field<i64>| field.cloned().map(|number| number.to_string());
    put("name", model.name.cloned());
    put("description", model.description.cloned());
    put(
        "tags",
        model
            .tags
            .get()
            .map(|tags| Tags(tags.iter().map(|tag| tag.to_lowercase()).collect()).print()),
    );
    put("onboot", flag(&model.on_boot));
    put("protection", flag(&model.protection));
    put("bios", model.bios.cloned());
    put("scsihw", model.scsi_hardware.cloned());
    if let Some(cpu) = model.cpu.get() {
        put("cores", number(&cpu.cores));
        put("sockets", number(&cpu.sockets));
        put("numa", flag(&cpu.numa));
        put(
            "cpulimit",
            cpu.limit.cloned().map(|limit| limit.to_string()),
        );
        put("cpuunits", number(&cpu.units));
    }
    if let Some(memory) = model.memory.get() {
        put("memory", number(&memory.mib));
        put("balloon", number(&memory.balloon));
    }
    if let Some(order) = model
        .boot_order
        .all_known()
        .filter(|_| model.boot_order.is_known())
    {
        put("boot", Some(format!("order={}", order.join(";"))));
    }
    for (slot, kind) in slots(&model.serials) {
        put(slot, Some(kind.clone()));
    }
}

fn devices(model: &TalosVm, keys: &mut BTreeMap<String, Want>) {
    let mut put = |key: &str, parts: Properties| {
        if !parts.is_empty() {
            keys.insert(key.to_owned(), Want::Parts(parts));
        }
    };
    if let Some(kind) = model.machine.as_str() {
        put("machine", Properties::new().with("type", kind));
    }
    if let Some(cpu) = model.cpu.get() {
        put("cpu", processor(cpu));
    }
    if let Some(agent) = model.agent.get() {
        let parts = Properties::new().with_flag("enabled", agent.enabled.cloned());
        put("agent", parts.with_some("type", agent.kind.as_str()));
    }
    if let Some(vga) = model.vga.get() {
        let parts = Properties::new().with_some("type", vga.kind.as_str());
        put("vga", parts.with_some("memory", vga.memory_mib.cloned()));
    }
    if let Some(startup) = model.startup.get() {
        put("startup", order(startup));
    }
    for (slot, nic) in slots(&model.nics) {
        put(slot, interface(nic));
    }
    for (slot, device) in slots(&model.host_pci) {
        put(slot, pci(device));
    }
    for (slot, device) in slots(&model.usb) {
        put(slot, usb(device));
    }
}

fn processor(cpu: &VmCpu) -> Properties {
    let flags = cpu.flags.get().map(|flags| joined(flags.iter(), ";"));
    Properties::new()
        .with_some("cputype", cpu.kind.as_str())
        .with_some("flags", flags.filter(|flags| !flags.is_empty()))
}

fn order(startup: &VmStartup) -> Properties {
    let seconds = |delay: &Field<GoDuration>| delay.get().map(|delay| delay.value().as_secs());
    Properties::new()
        .with_some("order", startup.order.cloned())
        .with_some("up", seconds(&startup.up_delay))
        .with_some("down", seconds(&startup.down_delay))
}

fn interface(nic: &VmNic) -> Properties {
    let trunks = nic.trunks.get().map(|trunks| joined(trunks.iter(), ";"));
    Properties::new()
        .with_some("model", nic.model.as_str())
        .with_some("macaddr", nic.mac.as_str())
        .with_some("bridge", nic.bridge.as_str())
        .with_some("tag", nic.vlan.cloned())
        .with_some("trunks", trunks.filter(|trunks| !trunks.is_empty()))
        .with_some("mtu", nic.mtu.cloned())
        .with_some("queues", nic.queues.cloned())
        .with_flag("firewall", nic.firewall.cloned())
        .with_some("rate", nic.rate_mbps.cloned())
        .with_flag("link_down", nic.link_down.cloned())
}

fn pci(device: &VmHostPci) -> Properties {
    Properties::new()
        .with_some("mapping", device.mapping.as_str())
        .with_some("host", device.id.as_str())
        .with_flag("pcie", device.pcie.cloned())
        .with_flag("rombar", device.rombar.cloned())
        .with_flag("x-vga", device.xvga.cloned())
        .with_some("mdev", device.mdev.as_str())
}

fn usb(device: &VmUsb) -> Properties {
    Properties::new()
        .with_some("mapping", device.mapping.as_str())
        .with_some("host", device.host.as_str())
        .with_flag("usb3", device.usb3.cloned())
}

fn disk(disk: &VmDisk) -> Disk {
    let options = Properties::new()
        .with_some("cache", disk.cache.as_str())
        .with_some("aio", disk.aio.as_str())
        .with_some(
            "discard",
            disk.discard
                .cloned()
                .map(|on| if on { "on" } else { "ignore" }),
        )
        .with_flag("ssd", disk.ssd.cloned())
        .with_flag("iothread", disk.iothread.cloned())
        .with_some("serial", disk.serial.as_str())
        .with_flag("backup", disk.backup.cloned())
        .with_flag("replicate", disk.replicate.cloned());
    Disk {
        storage: disk.storage.text().to_owned(),
        gib: disk
            .size_gib
            .cloned()
            .and_then(|gib| u64::try_from(gib).ok()),
        import_from: disk.import_from.cloned(),
        options,
    }
}

fn state_disks(model: &TalosVm, disks: &mut BTreeMap<String, StateDisk>) {
    if let Some(efi) = model.efi_disk.get() {
        let options = Properties::new()
            .with_some("efitype", efi.kind.as_str())
            .with_flag("pre-enrolled-keys", efi.pre_enrolled_keys.cloned());
        let storage = efi.storage.text().to_owned();
        disks.insert("efidisk0".to_owned(), StateDisk { storage, options });
    }
    if let Some(tpm) = model.tpm.get() {
        let options = Properties::new().with_some("version", tpm.version.as_str());
        let storage = tpm.storage.text().to_owned();
        disks.insert("tpmstate0".to_owned(), StateDisk { storage, options });
    }
}

fn ha(ha: &VmHa) -> BTreeMap<String, String> {
    let fields = [
        ("state", ha.state.cloned()),
        (
            "max_restart",
            ha.max_restart.cloned().map(|number| number.to_string()),
        ),
        (
            "max_relocate",
            ha.max_relocate.cloned().map(|number| number.to_string()),
        ),
        ("comment", ha.comment.cloned()),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Texts with a separator between them.
fn joined<'a>(texts: impl Iterator<Item = &'a String>, separator: &str) -> String {
    texts
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(separator)
}
