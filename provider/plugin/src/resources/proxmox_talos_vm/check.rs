//! What is refused before anybody is asked. Pure.

use std::net::IpAddr;

use framework::prelude::*;
use proxmox_client::codec::{Tags, is_bootable, is_drive, slot};

use super::desired::slots;
use super::model::{TalosVm, VmSeed};
use super::ways::Ways;
use crate::shared::placeholder::is_placeholder_host;

/// Finds every mistake; parts may be unknown.
pub fn validate(config: &TalosVm, found: &mut Diagnostics) {
    names(config, found);
    slot_names(config, found);
    disks(config, found);
    boot_order(config, found);
    if let Some(seed) = config.network_seed.get() {
        self::seed(config, seed, found);
    }
    devices(config, found);
    power(config, found);
}

/// Tells a value that it cannot have.
pub fn invalid(
    found: &mut Diagnostics,
    path: impl Into<Path>,
    what: &str,
    detail: impl Into<String>,
) {
    found.error_at(path, format!("TS-INPUT-INVALID: {what}"), detail);
}

fn names(config: &TalosVm, found: &mut Diagnostics) {
    if let Some(name) = config.name.as_str() {
        let label = |label: &str| {
            let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !name.split('.').all(label) {
            invalid(
                found,
                "name",
                &format!("{name:?} is not a DNS name"),
                "Use letters, digits and -, at most 63 of them between dots.",
            );
        }
    }
    if let Some(vmid) = config.vmid.get()
        && !(100..=999_999_999).contains(vmid)
    {
        invalid(
            found,
            "vmid",
            &format!("{vmid} is not a vmid"),
            "They go from 100 to 999999999.",
        );
    }
    for tag in config
        .tags
        .get()
        .into_iter()
        .flatten()
        .filter(|tag| !Tags::is_valid(tag))
    {
        invalid(
            found,
            "tags",
            &format!("{tag:?} is not a tag"),
            "Use letters, digits and _, and inside also -, + and dots.",
        );
    }
    if let Some(mib) = config.memory.get().and_then(|memory| memory.mib.cloned())
        && mib < 1024
    {
        invalid(
            found,
            "memory.mib",
            &format!("{mib} MiB are too little"),
            "Talos needs 1024 MiB, and 2048 on a control plane.",
        );
    }
}

/// Families of slots that each map takes.
fn slot_names(config: &TalosVm, found: &mut Diagnostics) {
    const DRIVES: &[&str] = &["scsi", "virtio", "sata", "ide"];
    fn keys<T>(map: &Field<std::collections::BTreeMap<String, T>>) -> Vec<String> {
        map.get()
            .into_iter()
            .flat_map(std::collections::BTreeMap::keys)
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

fn disks(config: &TalosVm, found: &mut Diagnostics) {
    if config.disks.get().is_some_and(|disks| disks.is_empty()) {
        found.error_at(
            "disks",
            "TS-INPUT-MISSING: there is no disk",
            "Talos is installed on one: set `disks.scsi0`.",
        );
    }
    let single =
        config.scsi_hardware.is_unknown() || config.scsi_hardware.text() == "virtio-scsi-single";
    for (key, disk) in slots(&config.disks) {
        let path = |member: &str| Path::attribute("disks").key(key.clone()).attr(member);
        if disk.size_gib.is_null() && disk.import_from.is_null() {
            found.error_at(
                path("size_gib"),
                format!("TS-INPUT-MISSING: disk {key} has no size"),
                "Set `size_gib`, or `import_from`.",
            );
        }
        if disk.size_gib.get().is_some_and(|gib| *gib < 1) {
            invalid(
                found,
                path("size_gib"),
                &format!("disk {key} has no size"),
                "Set 1 or more.",
            );
        }
        if disk.serial.as_str().is_some_and(|serial| serial.len() > 20) {
            invalid(
                found,
                path("serial"),
                &format!("the serial number of {key} is too long"),
                "Guests see 20 characters.",
            );
        }
        if key.starts_with("virtio") && disk.ssd.get() == Some(&true) {
            invalid(
                found,
                path("ssd"),
                &format!("{key} cannot look like a solid-state disk"),
                "Leave `ssd` out, or use a SCSI slot.",
            );
        }
        let threads = disk.iothread.get() == Some(&true);
        if threads && (key.starts_with("sata") || key.starts_with("ide")) {
            invalid(
                found,
                path("iothread"),
                &format!("{key} cannot have a thread of its own"),
                "Use a SCSI or virtio slot.",
            );
        }
        if threads && key.starts_with("scsi") && !single {
            found.warn_at(
                path("iothread"),
                format!("TS-VM-IOTHREAD: {key}: iothread has no effect"),
                "Set `scsi_hardware` to \"virtio-scsi-single\".",
            );
        }
    }
    let uefi = !config.bios.is_unknown() && config.bios.as_str().is_none_or(|bios| bios == "ovmf");
    if uefi && config.efi_disk.is_null() {
        found.error_at(
            "efi_disk",
            "TS-INPUT-MISSING: there is no efi_disk",
            "UEFI (`bios = \"ovmf\"`, which is what is created) keeps its start entries there: set `efi_disk = { storage = \u{2026} }`.",
        );
    }
}

fn boot_order(config: &TalosVm, found: &mut Diagnostics) {
    let order = config.boot_order.get().into_iter().flatten().enumerate();
    for (index, device) in order {
        let Some(device) = device.as_str() else {
            continue;
        };
        let path = Path::attribute("boot_order").index(index);
        let has = |known: bool| known || !is_drive(device);
        let disks = config
            .disks
            .get()
            .is_some_and(|map| map.contains_key(device));
        let cdroms = config
            .cdroms
            .get()
            .is_some_and(|map| map.contains_key(device));
        let seed = config
            .network_seed
            .get()
            .is_some_and(|seed| seed.slot.as_str().unwrap_or("ide3") == device);
        let known =
            config.disks.is_unknown() || config.cdroms.is_unknown() || disks || cdroms || seed;
        if !is_bootable(device) || !has(known) {
            invalid(
                found,
                path,
                &format!("{device:?} is no device to start from"),
                "Name slots of `disks`, `cdroms` or `nics`.",
            );
        }
    }
}

fn seed(config: &TalosVm, seed: &VmSeed, found: &mut Diagnostics) {
    let slot_name = seed.slot.as_str().unwrap_or("ide3");
    let path = |member: &str| Path::attribute("network_seed").attr(member);
    if !is_drive(slot_name) || slot_name.starts_with("virtio") {
        invalid(
            found,
            path("slot"),
            &format!("{slot_name:?} cannot be a CD-ROM drive"),
            "Use ide0 to ide3, sata or scsi.",
        );
    }
    let taken = config
        .disks
        .get()
        .is_some_and(|map| map.contains_key(slot_name))
        || config
            .cdroms
            .get()
            .is_some_and(|map| map.contains_key(slot_name));
    if taken {
        found.error_at(
            path("slot"),
            format!("TS-INPUT-CONFLICT: {slot_name} is the drive of the seed and something else"),
            "Choose another `network_seed.slot`.",
        );
    }
    for (key, interface) in slots(&seed.interfaces) {
        let place = path("interfaces").key(key.clone());
        if config
            .nics
            .get()
            .is_some_and(|nics| !nics.contains_key(key))
        {
            invalid(
                found,
                place.clone(),
                &format!("the seed names {key}, which is not in nics"),
                "Name a slot of `nics`.",
            );
        }
        Ways::of_interface(interface).check(&place, found);
        for (id, vlan) in slots(&interface.vlans) {
            let place = place.clone().attr("vlans").key(id.clone());
            if !id.parse::<u16>().is_ok_and(|id| (1..=4094).contains(&id)) {
                invalid(
                    found,
                    place.clone(),
                    &format!("{id:?} is not a VLAN id"),
                    "They go from 1 to 4094.",
                );
            }
            Ways::of_vlan(vlan).check(&place, found);
        }
    }
    for server in seed
        .nameservers
        .get()
        .into_iter()
        .flatten()
        .filter_map(Field::as_str)
    {
        if server.parse::<IpAddr>().is_err() && !is_placeholder_host(server) {
            invalid(
                found,
                path("nameservers"),
                &format!("{server:?} is not an address"),
                "Talos reads none of the seed when one name server is a name.",
            );
        }
    }
}

/// The state that high availability brings the machine to, and `power_state`, undo each other where they differ.
fn power(config: &TalosVm, found: &mut Diagnostics) {
    if let Some(port) = config.wait_for.get().and_then(|wait| wait.port.cloned())
        && !(1..=65535).contains(&port)
    {
        invalid(
            found,
            Path::attribute("wait_for").attr("port"),
            &format!("{port} is not a port"),
            "They go from 1 to 65535.",
        );
    }
    let Some(ha) = config.ha.get() else {
        return;
    };
    if ha.state.is_unknown() || config.power_state.is_unknown() {
        return;
    }
    let managed = match ha.state.as_str().unwrap_or("started") {
        "started" => "running",
        "stopped" | "disabled" => "stopped",
        _ => return,
    };
    let wanted = config.power_state.as_str().unwrap_or("running");
    if managed != wanted {
        found.error_at(
            Path::attribute("ha").attr("state"),
            format!("TS-INPUT-CONFLICT: high availability would keep the machine {managed}, and power_state is {wanted:?}"),
            format!("Set `power_state = {managed:?}`, or `ha.state` to what fits (\"ignored\" leaves the machine to `power_state`)."),
        );
    }
}

fn devices(config: &TalosVm, found: &mut Diagnostics) {
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
