//! Disks, and the order in which they are started from.

use framework::prelude::*;
use proxmox_client::codec::{is_bootable, is_drive};

use super::super::desired::slots;
use super::super::model::TalosVm;
use super::invalid;

pub fn disks(config: &TalosVm, found: &mut Diagnostics) {
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

pub fn boot_order(config: &TalosVm, found: &mut Diagnostics) {
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
