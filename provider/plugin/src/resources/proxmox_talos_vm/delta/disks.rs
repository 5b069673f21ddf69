//! Disks: they come, grow and change options; they never go, shrink or move.

use std::collections::BTreeMap;

use framework::prelude::*;
use proxmox_client::codec::{Size, Volume, format_of};

use super::super::compose::{new_disk, new_state_disk, printed};
use super::super::desired::{Desired, Disk};
use super::super::refuse;
use super::super::sight::Sight;
use super::Delta;
use super::effect::{Effect, effect_of};
use super::merge::{equal, merged};
use super::tell::{attribute, difference};

pub fn disks(
    vmid: Option<u32>,
    before: &Desired,
    wanted: &Desired,
    live: &Sight,
    delta: &mut Delta,
    refused: &mut Diagnostics,
) {
    for (slot, disk) in &wanted.disks {
        let had = before.disks.get(slot);
        let done = match live.values.get(slot) {
            None => add_disk(slot, disk, live, delta),
            Some(old) if had.is_none() && !is_own(slot, old, vmid) => {
                Err(refuse::occupied(&attribute(slot), old))
            }
            Some(old) => change_disk(slot, had, disk, old, live, delta),
        };
        if let Err(why) = done {
            refused.push(why);
        }
    }
    for slot in before
        .disks
        .keys()
        .filter(|slot| !wanted.disks.contains_key(*slot))
    {
        if let Some(old) = live.values.get(slot) {
            refused.push(refuse::removed(&attribute(slot), slot, old));
        }
    }
}

/// Whether what is in a slot was made for this machine, as after an update that failed half-way: the names of its volumes say so, on
/// storages of files (`101/vm-101-disk-0.qcow2`) and where they share a base (`base-100-disk-0/vm-101-disk-0`).
fn is_own(slot: &str, drive: &str, vmid: Option<u32>) -> bool {
    let drive = format_of(slot).and_then(|format| format.parse(drive).ok());
    let volume = drive.as_ref().and_then(Volume::of);
    let name = volume
        .as_ref()
        .and_then(|volume| volume.id()?.split([':', '/']).next_back());
    let (Some(name), Some(vmid)) = (name, vmid) else {
        return false;
    };
    ["vm", "base"]
        .iter()
        .any(|kind| name.starts_with(&format!("{kind}-{vmid}-")))
}

fn add_disk(slot: &str, disk: &Disk, live: &Sight, delta: &mut Delta) -> Result<(), Diagnostic> {
    let new = printed(slot, &new_disk(slot, disk))
        .map_err(|error| refuse::malformed(&attribute(slot), &error))?;
    let effect = effect_of(slot, None, Some(&new), live);
    let told = format!("none -> new disk on {}", disk.storage);
    delta.tell(slot, told, effect, live);
    delta.set.insert(slot.to_owned(), new);
    Ok(())
}

fn change_disk(
    slot: &str,
    had: Option<&Disk>,
    disk: &Disk,
    old: &String,
    live: &Sight,
    delta: &mut Delta,
) -> Result<(), Diagnostic> {
    let Some(present) = format_of(slot).and_then(|format| format.parse(old).ok()) else {
        return Ok(());
    };
    let place = attribute(slot);
    let volume = Volume::of(&present);
    let storage = volume.as_ref().and_then(Volume::storage);
    let elsewhere = storage != Some(&disk.storage);
    if present.get("media") == Some("cdrom") || (had.is_none() && elsewhere) {
        return Err(refuse::occupied(&place, old));
    }
    if elsewhere {
        return Err(refuse::moved(
            &place,
            storage.unwrap_or("none"),
            &disk.storage,
        ));
    }
    let size = present.get("size").and_then(Size::parse);
    if let (Some(size), Some(gib)) = (size, disk.gib) {
        let wanted = proxmox_client::codec::gib(gib);
        if wanted < size {
            return Err(refuse::shrink(&place, size, wanted));
        }
        if wanted > size {
            delta.grow.insert(slot.to_owned(), gib);
            let told = format!("{size} -> {wanted}");
            delta.tell(&format!("{slot}.size_gib"), told, Effect::Hot, live);
        }
    }
    let had = had.map(|disk| &disk.options);
    let merged = merged(slot, Some(&present), had, &disk.options, &BTreeMap::new());
    if equal(slot, &present, &merged) {
        return Ok(());
    }
    let new = printed(slot, &merged).map_err(|error| refuse::malformed(&place, &error))?;
    let effect = effect_of(slot, Some(old), Some(&new), live);
    delta.tell(slot, difference(Some(&present), &merged), effect, live);
    delta.set.insert(slot.to_owned(), new);
    Ok(())
}

pub fn state_disks(
    before: &Desired,
    wanted: &Desired,
    live: &Sight,
    delta: &mut Delta,
    refused: &mut Diagnostics,
) {
    for (slot, disk) in &wanted.state_disks {
        let place = attribute(slot);
        let Some(old) = live.values.get(slot) else {
            if let Ok(new) = printed(slot, &new_state_disk(slot, disk)) {
                delta.tell(
                    slot,
                    format!("none -> new disk on {}", disk.storage),
                    Effect::Pending,
                    live,
                );
                delta.set.insert(slot.clone(), new);
            }
            continue;
        };
        let Some(present) = format_of(slot).and_then(|format| format.parse(old).ok()) else {
            continue;
        };
        let storage = Volume::of(&present).and_then(|volume| volume.storage().map(str::to_owned));
        if storage.as_deref() != Some(&disk.storage) {
            refused.push(refuse::moved(
                &place,
                storage.as_deref().unwrap_or("none"),
                &disk.storage,
            ));
        }
        let fixed = |part: &str| match part {
            "efitype" => "2m",
            "pre-enrolled-keys" => "0",
            _ => "v1.2",
        };
        let differs = disk
            .options
            .iter()
            .any(|(part, value)| present.get(part).unwrap_or(fixed(part)) != value);
        if differs {
            refused.push(refuse::fixed(&place, old));
        }
    }
    let gone = before
        .state_disks
        .keys()
        .filter(|slot| !wanted.state_disks.contains_key(*slot));
    for slot in gone {
        if let Some(old) = live.values.get(slot) {
            refused.push(refuse::removed(&attribute(slot), slot, old));
        }
    }
}
