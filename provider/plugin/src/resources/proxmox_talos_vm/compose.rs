//! What a new machine is created with: what is set, and what Talos needs where nothing is set. Pure.

use std::collections::BTreeMap;

use proxmox_client::codec::{Malformed, Properties, Smbios, Volume, format_of};

use super::desired::{Desired, Disk, StateDisk, Want};

/// What is not in the attributes.
pub struct Birth<'a> {
    /// SMBIOS UUID.
    pub uuid: &'a str,
    /// Mark of this provider.
    pub mark: &'a str,
    /// Hardware address of each interface.
    pub macs: &'a BTreeMap<String, String>,
    /// Slot and volume of the seed.
    pub seed: Option<(&'a str, String)>,
}

/// Keys and values of the call that creates it.
pub fn compose(
    desired: &Desired,
    birth: &Birth<'_>,
) -> Result<BTreeMap<String, String>, Malformed> {
    let mut values = BTreeMap::new();
    for (key, want) in &desired.keys {
        let value = match want {
            Want::Text(text) => text.clone(),
            Want::Parts(parts) => printed(key, &complete(key, parts.clone(), birth))?,
        };
        values.insert(key.clone(), value);
    }
    for (slot, disk) in &desired.disks {
        values.insert(slot.clone(), printed(slot, &new_disk(slot, disk))?);
    }
    for (slot, disk) in &desired.state_disks {
        values.insert(slot.clone(), printed(slot, &new_state_disk(slot, disk))?);
    }
    let cdroms = desired
        .cdroms
        .iter()
        .map(|(slot, volume)| (slot.as_str(), volume.clone()));
    for (slot, volume) in cdroms.chain(birth.seed.clone()) {
        values.insert(slot.to_owned(), printed(slot, &cdrom(&volume))?);
    }
    let smbios = Smbios {
        uuid: Some(birth.uuid.to_owned()),
        texts: desired
            .smbios
            .clone()
            .into_iter()
            .chain([("family".to_owned(), birth.mark.to_owned())])
            .collect(),
    };
    values.insert("smbios1".to_owned(), smbios.print()?);
    if let Some(pool) = &desired.pool {
        values.insert("pool".to_owned(), pool.clone());
    }
    for (key, value) in defaults(desired) {
        values.entry(key.to_owned()).or_insert(value);
    }
    Ok(values)
}

/// What Talos needs and Proxmox VE does not choose by itself.
fn defaults(desired: &Desired) -> Vec<(&'static str, String)> {
    let disks = desired.disks.keys().take(1);
    let order: Vec<&str> = disks
        .chain(desired.cdroms.keys())
        .map(String::as_str)
        .collect();
    vec![
        ("ostype", "l26".to_owned()),
        ("bios", "ovmf".to_owned()),
        ("machine", "q35".to_owned()),
        ("scsihw", "virtio-scsi-pci".to_owned()),
        ("cpu", "x86-64-v2-AES".to_owned()),
        ("cores", "2".to_owned()),
        ("balloon", "0".to_owned()),
        ("boot", format!("order={}", order.join(";"))),
    ]
}

fn complete(key: &str, parts: Properties, birth: &Birth<'_>) -> Properties {
    match key {
        "cpu" if parts.get("cputype").is_none() => parts.with("cputype", "x86-64-v2-AES"),
        "agent" if parts.get("enabled").is_none() => parts.with("enabled", 1),
        key if key.starts_with("net") => new_nic(parts, birth.macs.get(key)),
        _ => parts,
    }
}

/// An interface that does not exist yet.
pub fn new_nic(mut parts: Properties, mac: Option<&String>) -> Properties {
    if parts.get("model").is_none() {
        parts.set("model", "virtio");
    }
    match mac.filter(|_| parts.get("macaddr").is_none()) {
        Some(mac) => parts.with("macaddr", mac),
        None => parts,
    }
}

/// A disk that does not exist yet.
pub fn new_disk(slot: &str, disk: &Disk) -> Properties {
    let mut parts = Properties::new().with("discard", "on");
    if !slot.starts_with("virtio") {
        parts.set("ssd", 1);
    }
    for (key, value) in disk.options.iter() {
        parts.set(key, value);
    }
    match &disk.import_from {
        Some(source) => parts
            .with("file", Volume::new_of(&disk.storage, 0))
            .with("import-from", source),
        None => parts.with("file", Volume::new_of(&disk.storage, disk.gib.unwrap_or(0))),
    }
}

/// The disk of firmware or of a security chip, which does not exist yet. Its size is not ours to say.
pub fn new_state_disk(slot: &str, disk: &StateDisk) -> Properties {
    let mut parts = match slot {
        "efidisk0" => Properties::new()
            .with("efitype", "4m")
            .with("pre-enrolled-keys", 0),
        _ => Properties::new().with("version", "v2.0"),
    };
    for (key, value) in disk.options.iter() {
        parts.set(key, value);
    }
    parts.with("file", Volume::new_of(&disk.storage, 1))
}

/// A CD-ROM drive with this volume in it.
pub fn cdrom(volume: &str) -> Properties {
    Properties::new()
        .with("file", volume)
        .with("media", "cdrom")
}

/// As Proxmox VE writes it, once checked.
pub fn printed(key: &str, parts: &Properties) -> Result<String, Malformed> {
    let Some(format) = format_of(key) else {
        return Err(Malformed {
            key: key.to_owned(),
            reason: "there is no such slot".to_owned(),
        });
    };
    let named = |error: Malformed| Malformed {
        key: format!("{key}.{}", error.key),
        reason: error.reason,
    };
    format.check(parts).map_err(named)?;
    Ok(format.print(parts))
}
