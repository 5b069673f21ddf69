//! What a key becomes, and whether that is what it is.

use std::collections::{BTreeMap, BTreeSet};

use proxmox_client::codec::{Properties, Tags, slot};

use super::super::compose::new_nic;

/// What is there, with what is set laid over it, without what was set before and is not any more.
pub fn merged(
    key: &str,
    present: Option<&Properties>,
    had: Option<&Properties>,
    parts: &Properties,
    macs: &BTreeMap<String, String>,
) -> Properties {
    let Some(present) = present else {
        let parts = parts.clone();
        return if key.starts_with("net") {
            new_nic(parts, macs.get(key))
        } else {
            parts
        };
    };
    let mut merged = present.clone();
    let dropped = had
        .into_iter()
        .flat_map(Properties::iter)
        .map(|(part, _)| part);
    for part in dropped.filter(|part| {
        parts.get(part).is_none() && !matches!(*part, "macaddr" | "model" | "cputype" | "type")
    }) {
        merged.remove(part);
    }
    for (part, value) in parts.iter() {
        merged.set(part, value);
    }
    // A mapping takes the place of an address, and the other way round.
    for (one, other) in [("mapping", "host"), ("host", "mapping")] {
        if parts.get(one).is_some() && parts.get(other).is_none() {
            merged.remove(other);
        }
    }
    merged
}

/// Parts that mean the same as their absence.
fn default_of(key: &str, part: &str) -> Option<&'static str> {
    let family = slot(key).map_or(key, |(family, _)| family);
    Some(match (family, part) {
        ("scsi" | "virtio" | "sata" | "ide", "backup" | "replicate") => "1",
        ("scsi" | "virtio" | "sata" | "ide", "ssd" | "iothread" | "ro") => "0",
        ("scsi" | "virtio" | "sata" | "ide", "discard") => "ignore",
        ("scsi" | "virtio" | "sata" | "ide", "cache") => "none",
        ("net", "firewall" | "link_down") => "0",
        ("hostpci", "pcie" | "x-vga") => "0",
        ("hostpci", "rombar") => "1",
        ("usb", "usb3") => "0",
        ("agent", "type") => "virtio",
        _ => return None,
    })
}

pub fn equal(key: &str, one: &Properties, other: &Properties) -> bool {
    let keys: BTreeSet<&str> = one
        .iter()
        .chain(other.iter())
        .map(|(part, _)| part)
        .collect();
    keys.into_iter().filter(|part| *part != "size").all(|part| {
        let default = default_of(key, part);
        let (one, other) = (one.get(part).or(default), other.get(part).or(default));
        one == other || (part == "macaddr" && same_ignoring_case(one, other))
    })
}

fn same_ignoring_case(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other)
        .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

pub fn same_text(key: &str, old: Option<&String>, new: &str) -> bool {
    let default = match key {
        "onboot" | "protection" | "numa" | "cpulimit" => "0",
        "cores" | "sockets" => "1",
        _ => "",
    };
    let old = old.map_or(default, String::as_str);
    match key {
        "tags" => Tags::parse(old) == Tags::parse(new),
        "description" => old.trim_end() == new.trim_end(),
        "boot" => old.trim() == new.trim(),
        "memory" => old.trim_start_matches("current=") == new,
        "cpulimit" => old.parse::<f64>().ok() == new.parse::<f64>().ok(),
        _ => old == new,
    }
}
