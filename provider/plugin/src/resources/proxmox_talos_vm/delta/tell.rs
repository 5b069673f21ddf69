//! How a change is told.

use std::collections::BTreeSet;

use proxmox_client::codec::{Properties, slot};

pub fn difference(old: Option<&Properties>, new: &Properties) -> String {
    let Some(old) = old else {
        let parts: Vec<String> = new
            .iter()
            .map(|(part, value)| format!("{part}={value}"))
            .collect();
        return format!("none -> {}", parts.join(","));
    };
    let keys: BTreeSet<&str> = old.iter().chain(new.iter()).map(|(part, _)| part).collect();
    let changed = keys
        .into_iter()
        .filter(|part| old.get(part) != new.get(part));
    let told = changed.map(|part| {
        format!(
            "{part}: {} -> {}",
            old.get(part).unwrap_or("none"),
            new.get(part).unwrap_or("none")
        )
    });
    told.collect::<Vec<_>>().join(", ")
}

pub fn shown(value: Option<&String>) -> &str {
    value.map_or("none", String::as_str)
}

pub fn one_line(text: &str) -> String {
    text.trim_end().replace('\n', " ")
}

/// The attribute behind a key of Proxmox VE.
pub fn attribute(key: &str) -> String {
    let known = match key {
        "cores" | "sockets" | "numa" => Some(format!("cpu.{key}")),
        "cpu" => Some("cpu".to_owned()),
        "cpulimit" => Some("cpu.limit".to_owned()),
        "cpuunits" => Some("cpu.units".to_owned()),
        "memory" => Some("memory.mib".to_owned()),
        "balloon" => Some("memory.balloon".to_owned()),
        "onboot" => Some("on_boot".to_owned()),
        "scsihw" => Some("scsi_hardware".to_owned()),
        "boot" => Some("boot_order".to_owned()),
        "smbios1" => Some("smbios".to_owned()),
        "efidisk0" => Some("efi_disk".to_owned()),
        "tpmstate0" => Some("tpm".to_owned()),
        _ => None,
    };
    let slot_name = key.split('.').next().unwrap_or(key);
    known.unwrap_or_else(|| match slot(slot_name) {
        Some(("net", _)) => format!("nics.{key}"),
        Some(("scsi" | "virtio" | "sata" | "ide", _)) => format!("disks.{key}"),
        Some(("hostpci", _)) => format!("host_pci.{key}"),
        Some(("usb", _)) => format!("usb.{key}"),
        Some(("serial", _)) => format!("serials.{key}"),
        _ => key.to_owned(),
    })
}
