//! What is computed: addresses, the disk to install on, what is pending, what is there and not set.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::codec::{BootOrder, slot};

use super::super::model::TalosVm;
use super::super::seed;
use super::super::sight::Sight;
use super::read::{family, part, parts};
use crate::shared::change::text_map;

/// Fills in what is computed.
pub fn computed(model: &mut TalosVm, sight: &Sight) {
    model.uuid = sight.uuid().into();
    model.current_node = sight.node.clone().into();
    model.status = if sight.status.is_empty() {
        "stopped".into()
    } else {
        sight.status.clone().into()
    };
    let macs = macs(sight);
    model.mac_addresses = text_map(macs.clone());
    let (v4, v6, endpoints) = addresses(model, sight, &macs);
    model.ipv4_addresses = Field::Known(v4);
    model.ipv6_addresses = Field::Known(v6);
    model.talos_endpoints = Field::Known(endpoints.into_iter().map(Field::Known).collect());
    model.install_disk = install_disk(model, Some(sight)).into();
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let pending = sight
        .pending
        .iter()
        .map(|(key, (now, then))| (key.clone(), format!("{} -> {}", shown(now), shown(then))));
    model.pending_changes = text_map(pending.collect());
    model.reboot_required = (!sight.pending.is_empty()).into();
    model.unmanaged = text_map(unmanaged(model, sight));
}

/// Hardware addresses by slot.
pub fn macs(sight: &Sight) -> BTreeMap<String, String> {
    let nics = sight.values.keys().filter(|key| family(key) == "net");
    let mac = |key: &String| Some((key.clone(), part(&parts(sight, key)?, "macaddr")?));
    nics.filter_map(mac).collect()
}

type ByNic = BTreeMap<String, Field<Vec<Field<String>>>>;

/// Addresses of the seed or, for interfaces that have none there, of the guest agent.
pub fn addresses(
    model: &TalosVm,
    sight: &Sight,
    macs: &BTreeMap<String, String>,
) -> (ByNic, ByNic, Vec<String>) {
    let seeded = seed::addresses(model);
    let (mut v4, mut v6, mut endpoints) = (ByNic::new(), ByNic::new(), Vec::new());
    let slots = model.nics.get().into_iter().flat_map(BTreeMap::keys);
    for slot in slots {
        let told = macs
            .get(slot)
            .and_then(|mac| sight.guest.get(&mac.to_lowercase()));
        let found = seeded
            .get(slot)
            .filter(|found| !found.is_empty())
            .or(told)
            .cloned()
            .unwrap_or_default();
        endpoints.extend(found.iter().cloned());
        let (six, four): (Vec<String>, Vec<String>) =
            found.into_iter().partition(|address| address.contains(':'));
        v4.insert(
            slot.clone(),
            Field::Known(four.into_iter().map(Field::Known).collect()),
        );
        v6.insert(
            slot.clone(),
            Field::Known(six.into_iter().map(Field::Known).collect()),
        );
    }
    (v4, v6, endpoints)
}

/// The name that the kernel gives to the disk that is started from.
pub fn install_disk(model: &TalosVm, sight: Option<&Sight>) -> Option<String> {
    let set = model.boot_order.all_known().unwrap_or_default();
    let order = sight.and_then(|sight| BootOrder::parse(parts(sight, "boot")?.get("order")?));
    let order = if set.is_empty() {
        order.unwrap_or_default().0
    } else {
        set
    };
    let disks = model.disks.get()?;
    let first = order
        .iter()
        .find(|slot| disks.contains_key(*slot))
        .or_else(|| disks.keys().next())?;
    let same_bus = |other: &&String| {
        let virtio = |slot: &str| family(slot) == "virtio";
        virtio(other) == virtio(first)
    };
    let rank = |slot: &String| slot_rank(slot);
    let position = disks
        .keys()
        .filter(same_bus)
        .filter(|other| rank(other) < rank(first))
        .count();
    let letter = char::from(b'a' + u8::try_from(position).ok()?);
    let prefix = if family(first) == "virtio" {
        "vd"
    } else {
        "sd"
    };
    Some(format!("/dev/{prefix}{letter}"))
}

/// The order in which the kernel finds disks: by number within a family.
fn slot_rank(key: &str) -> (u32, u32) {
    let families = ["virtio", "scsi", "ide", "sata"];
    let (family, number) = slot(key).unwrap_or(("", 0));
    let place = families
        .iter()
        .position(|known| *known == family)
        .unwrap_or(families.len());
    (u32::try_from(place).unwrap_or(0), number)
}

/// Devices that are there and not set.
pub fn unmanaged(model: &TalosVm, sight: &Sight) -> BTreeMap<String, String> {
    let mut set: BTreeSet<String> = BTreeSet::new();
    fn keys<T>(map: &Field<BTreeMap<String, T>>) -> impl Iterator<Item = String> {
        map.get().into_iter().flat_map(BTreeMap::keys).cloned()
    }
    set.extend(
        keys(&model.disks)
            .chain(keys(&model.cdroms))
            .chain(keys(&model.nics)),
    );
    set.extend(
        keys(&model.host_pci)
            .chain(keys(&model.usb))
            .chain(keys(&model.serials)),
    );
    set.extend(
        model
            .network_seed
            .get()
            .map(|seed| seed.slot.text().to_owned()),
    );
    let fixed = [
        ("efidisk0", model.efi_disk.is_null()),
        ("tpmstate0", model.tpm.is_null()),
    ];
    set.extend(
        fixed
            .into_iter()
            .filter(|(_, absent)| !absent)
            .map(|(key, _)| key.to_owned()),
    );
    let devices = sight
        .values
        .iter()
        .filter(|(key, _)| slot(key).is_some_and(|(family, _)| family != "ipconfig"));
    let foreign = devices.filter(|(key, _)| !set.contains(*key));
    foreign
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
