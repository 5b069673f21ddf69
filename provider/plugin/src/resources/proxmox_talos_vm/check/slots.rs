//! Slots: which devices they take, and what a device there needs.

use std::collections::BTreeMap;

use framework::prelude::*;
use proxmox_client::codec::slot;

use super::super::desired::slots;
use super::super::model::TalosVm;
use super::invalid;

/// Families of slots that each map takes.
pub fn slot_names(config: &TalosVm, found: &mut Diagnostics) {
    const DRIVES: &[&str] = &["scsi", "virtio", "sata", "ide"];
    fn keys<T>(map: &Field<BTreeMap<String, T>>) -> Vec<String> {
        map.get()
            .into_iter()
            .flat_map(BTreeMap::keys)
            .cloned()
            .collect()
    }
    let maps: [(&str, Vec<String>, &[&str]); 6] = [
        ("disks", keys(&config.disks), DRIVES),
        ("cdroms", keys(&config.cdroms), &["scsi", "sata", "ide"]),
        ("nics", keys(&config.nics), &["net"]),
        ("host_pci", keys(&config.host_pci), &["hostpci"]),
        ("usb", keys(&config.usb), &["usb"]),
        ("serials", keys(&config.serials), &["serial"]),
    ];
    for (attribute, keys, families) in maps {
        for key in keys {
            if !slot(&key).is_some_and(|(family, _)| families.contains(&family)) {
                let path = Path::attribute(attribute).key(key.clone());
                invalid(
                    found,
                    path,
                    &format!("{key:?} is not a slot of {attribute}"),
                    format!("Slots are {} with a number.", families.join(", ")),
                );
            }
        }
    }
    let taken = config.cdroms.get().into_iter().flat_map(|map| map.keys());
    for key in taken.filter(|key| {
        config
            .disks
            .get()
            .is_some_and(|disks| disks.contains_key(*key))
    }) {
        found.error_at(
            Path::attribute("cdroms").key(key.clone()),
            format!("TS-INPUT-CONFLICT: {key} is a disk and a CD-ROM drive"),
            "Choose another slot for one of them.",
        );
    }
}

pub fn devices(config: &TalosVm, found: &mut Diagnostics) {
    let mut one_of =
        |path: Path, key: &str, mapping: &Field<String>, raw: &Field<String>, name: &str| {
            if mapping.is_null() == raw.is_null() && !mapping.is_unknown() && !raw.is_unknown() {
                found.error_at(
                    path,
                    format!("TS-INPUT-CONFLICT: {key} needs either mapping or {name}"),
                    "Set one of the two.",
                );
            }
        };
    for (key, device) in slots(&config.host_pci) {
        one_of(
            Path::attribute("host_pci").key(key.clone()),
            key,
            &device.mapping,
            &device.id,
            "id",
        );
    }
    for (key, device) in slots(&config.usb) {
        one_of(
            Path::attribute("usb").key(key.clone()),
            key,
            &device.mapping,
            &device.host,
            "host",
        );
    }
    for (key, kind) in slots(&config.serials) {
        if kind != "socket" {
            invalid(
                found,
                Path::attribute("serials").key(key.clone()),
                &format!("{key} is {kind:?}"),
                "API tokens can set \"socket\" only.",
            );
        }
    }
}
