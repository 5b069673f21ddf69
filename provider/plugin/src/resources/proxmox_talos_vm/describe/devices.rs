//! Devices in slots: disks, media, interfaces, PCI, USB and serial devices.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::codec::{Properties, Volume, is_drive};

use super::super::model::{TalosVm, VmCdrom, VmHostPci, VmNic, VmTpm, VmUsb};
use super::super::sight::Sight;
use super::Scope;
use super::disks::{disk, efi};
use super::read::{family, float, on, part, parts, set_of, whole};

/// Members of a map: those that are set and still there, or all of a family.
fn members<T: Clone>(
    ours: &Field<BTreeMap<String, Field<T>>>,
    sight: &Sight,
    scope: Scope,
    read: impl Fn(&str, Option<&T>) -> Option<T>,
) -> Field<BTreeMap<String, Field<T>>> {
    let set: BTreeSet<&String> = ours.get().into_iter().flat_map(BTreeMap::keys).collect();
    let keys = sight
        .values
        .keys()
        .filter(|key| scope == Scope::All || set.contains(key));
    let found: BTreeMap<String, Field<T>> = keys
        .filter_map(|key| {
            let present = ours
                .get()
                .and_then(|ours| ours.get(key))
                .and_then(Field::get);
            Some((key.clone(), Field::Known(read(key, present)?)))
        })
        .collect();
    match (scope, ours.is_null(), found.is_empty()) {
        (Scope::Set, true, _) | (Scope::All, _, true) => Field::Null,
        _ => Field::Known(found),
    }
}

pub fn devices(model: &mut TalosVm, sight: &Sight, scope: Scope) {
    model.disks = members(&model.disks, sight, scope, |key, ours| {
        let seen = parts(sight, key).filter(|_| is_drive(key))?;
        (seen.get("media") != Some("cdrom")).then(|| disk(ours, &seen, scope))
    });
    model.disks = Field::Known(model.disks.cloned().unwrap_or_default());
    let seed = model
        .network_seed
        .get()
        .map(|seed| seed.slot.text().to_owned());
    model.cdroms = members(&model.cdroms, sight, scope, |key, _| {
        let seen = parts(sight, key).filter(|_| is_drive(key) && seed.as_deref() != Some(key))?;
        let volume = part(&seen, "file").filter(|_| seen.get("media") == Some("cdrom"))?;
        Some(VmCdrom {
            volume: volume.into(),
        })
    });
    model.nics = members(&model.nics, sight, scope, |key, ours| {
        let seen = parts(sight, key).filter(|_| family(key) == "net")?;
        Some(nic(ours, &seen, scope))
    });
    model.host_pci = members(&model.host_pci, sight, scope, |key, ours| {
        let seen = parts(sight, key).filter(|_| family(key) == "hostpci")?;
        Some(pci(ours, &seen, scope))
    });
    model.usb = members(&model.usb, sight, scope, |key, ours| {
        let seen = parts(sight, key).filter(|_| family(key) == "usb")?;
        Some(usb(ours, &seen, scope))
    });
    model.serials = members(&model.serials, sight, scope, |key, _| {
        sight
            .values
            .get(key)
            .filter(|_| family(key) == "serial")
            .cloned()
    });
    let state_disk = |key: &str| {
        let seen = parts(sight, key)?;
        let storage = Volume::of(&seen)?.storage()?.to_owned();
        Some((seen, storage))
    };
    model.efi_disk = match state_disk("efidisk0") {
        Some((seen, storage)) => scope.seen(
            &model.efi_disk,
            Some(efi(model.efi_disk.get(), &seen, storage, scope)),
        ),
        None => Field::Null,
    };
    model.tpm = match state_disk("tpmstate0") {
        Some((seen, storage)) => {
            let version = model
                .tpm
                .get()
                .map_or(Field::Null, |tpm| tpm.version.clone());
            let version = scope.seen_or(&version, part(&seen, "version"), "v1.2".to_owned());
            let storage = storage.into();
            scope.seen(&model.tpm, Some(VmTpm { storage, version }))
        }
        None => Field::Null,
    };
    // A seed whose drive is empty or gone is put in again.
    if let Some(slot) = seed
        && !sight.values.contains_key(&slot)
    {
        model.network_seed = Field::Null;
    }
}

fn nic(ours: Option<&VmNic>, seen: &Properties, scope: Scope) -> VmNic {
    let none = VmNic {
        bridge: Field::Null,
        model: Field::Null,
        mac: Field::Null,
        vlan: Field::Null,
        trunks: Field::Null,
        mtu: Field::Null,
        queues: Field::Null,
        firewall: Field::Null,
        rate_mbps: Field::Null,
        link_down: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    let mac = match (ours.mac.as_str(), seen.get("macaddr")) {
        (Some(ours), Some(seen)) if ours.eq_ignore_ascii_case(seen) => ours.into(),
        (_, seen) => scope.seen(&ours.mac, seen.map(str::to_owned)),
    };
    VmNic {
        bridge: part(seen, "bridge").unwrap_or_default().into(),
        model: scope.seen(&ours.model, part(seen, "model")),
        mac,
        vlan: scope.seen(&ours.vlan, whole(seen, "tag")),
        trunks: scope.seen_or(
            &ours.trunks,
            seen.get("trunks").map(set_of),
            BTreeSet::new(),
        ),
        mtu: scope.seen(&ours.mtu, whole(seen, "mtu")),
        queues: scope.seen(&ours.queues, whole(seen, "queues")),
        firewall: scope.seen_or(&ours.firewall, on(seen, "firewall"), false),
        rate_mbps: scope.seen(&ours.rate_mbps, float(seen.get("rate"))),
        link_down: scope.seen_or(&ours.link_down, on(seen, "link_down"), false),
    }
}

fn pci(ours: Option<&VmHostPci>, seen: &Properties, scope: Scope) -> VmHostPci {
    let none = VmHostPci {
        mapping: Field::Null,
        id: Field::Null,
        pcie: Field::Null,
        rombar: Field::Null,
        xvga: Field::Null,
        mdev: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    VmHostPci {
        mapping: scope.seen(&ours.mapping, part(seen, "mapping")),
        id: scope.seen(&ours.id, part(seen, "host")),
        pcie: scope.seen_or(&ours.pcie, on(seen, "pcie"), false),
        rombar: scope.seen_or(&ours.rombar, on(seen, "rombar"), true),
        xvga: scope.seen_or(&ours.xvga, on(seen, "x-vga"), false),
        mdev: scope.seen(&ours.mdev, part(seen, "mdev")),
    }
}

fn usb(ours: Option<&VmUsb>, seen: &Properties, scope: Scope) -> VmUsb {
    let none = VmUsb {
        mapping: Field::Null,
        host: Field::Null,
        usb3: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    VmUsb {
        mapping: scope.seen(&ours.mapping, part(seen, "mapping")),
        host: scope.seen(&ours.host, part(seen, "host")),
        usb3: scope.seen_or(&ours.usb3, on(seen, "usb3"), false),
    }
}
