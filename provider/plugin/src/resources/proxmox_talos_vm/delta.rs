//! From what was set before, what is set now and what is there, to what is changed; and what a running machine does about it. Pure.
//!
//! Facts: what Proxmox VE 9.2 was seen to take at once and to leave pending.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::codec::{Properties, Size, Smbios, Tags, Volume, format_of, slot};

use super::compose::{cdrom, new_disk, new_nic, new_state_disk, printed};
use super::desired::{Desired, Disk, Want};
use super::refuse;
use super::sight::Sight;

/// What a running machine does about a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing is there to do.
    #[default]
    None,
    /// It takes it at once.
    Hot,
    /// It takes it at its next power cycle.
    Pending,
}

/// What is done about high availability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HaChange {
    /// Nothing.
    #[default]
    None,
    /// It is managed with these settings.
    Add(BTreeMap<String, String>),
    /// These settings change, and those are taken away.
    Set(BTreeMap<String, String>, Vec<String>),
    /// It is not managed any more.
    Remove,
}

/// Everything that is changed on one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Keys with their new values.
    pub set: BTreeMap<String, String>,
    /// Keys that go.
    pub delete: BTreeSet<String>,
    /// Disks that grow to so many GiB.
    pub grow: BTreeMap<String, u64>,
    /// Pool before and after.
    pub pool: Option<(Option<String>, Option<String>)>,
    /// High availability.
    pub ha: HaChange,
    /// Attribute to what is told of it.
    pub changes: BTreeMap<String, String>,
    /// The heaviest of all effects, were it running.
    pub effect: Effect,
}

impl Delta {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds what waits for a power cycle since an earlier change and was not changed again.
    pub fn take_up(&mut self, live: &Sight) {
        for (key, (now, then)) in &live.pending {
            if !self.changes.contains_key(&attribute(key)) {
                let told = format!("{} -> {}", shown(now.as_ref()), shown(then.as_ref()));
                self.tell(key, told, Effect::Pending, live);
            }
        }
    }

    fn tell(&mut self, key: &str, what: impl Into<String>, effect: Effect, live: &Sight) {
        let what = what.into();
        let when = match effect {
            _ if !live.running => "",
            Effect::None | Effect::Hot => " (hot)",
            Effect::Pending => " (pending)",
        };
        self.changes.insert(attribute(key), format!("{what}{when}"));
        self.effect = self.effect.max(effect);
    }
}

/// Keys that say what kind of computer it is. Taking the attribute away leaves them as they are: their defaults in Proxmox VE are
/// another computer.
const KEPT: [&str; 11] = [
    "bios", "machine", "scsihw", "boot", "cores", "sockets", "numa", "cpu", "memory", "balloon",
    "name",
];

/// Decides, or refuses with every reason.
pub fn delta(
    before: &Desired,
    wanted: &Desired,
    macs: &BTreeMap<String, String>,
    live: &Sight,
) -> Result<Delta, Diagnostics> {
    let mut delta = Delta::default();
    let mut refused = Diagnostics::new();
    for (key, want) in &wanted.keys {
        let had = before.keys.get(key);
        if let Err(why) = set_key(key, had, want, macs, live, &mut delta) {
            refused.push(why);
        }
    }
    let gone = before
        .keys
        .keys()
        .filter(|key| !wanted.keys.contains_key(*key));
    for key in gone.filter(|key| !KEPT.contains(&key.as_str())) {
        if let Some(old) = live.values.get(key) {
            delta.delete.insert(key.clone());
            let effect = effect_of(key, Some(old), None, live);
            delta.tell(key, format!("{old} -> none"), effect, live);
        }
    }
    disks(before, wanted, live, &mut delta, &mut refused);
    state_disks(before, wanted, live, &mut delta, &mut refused);
    cdroms(before, wanted, live, &mut delta, &mut refused);
    if let Err(why) = smbios(before, wanted, live, &mut delta) {
        refused.push(why);
    }
    if before.pool.is_some() || wanted.pool.is_some() {
        pool(wanted, live, &mut delta);
    }
    if before.ha.is_some() || wanted.ha.is_some() {
        ha(before, wanted, live, &mut delta);
    }
    if refused.is_empty() {
        Ok(delta)
    } else {
        Err(refused)
    }
}

fn set_key(
    key: &str,
    had: Option<&Want>,
    want: &Want,
    macs: &BTreeMap<String, String>,
    live: &Sight,
    delta: &mut Delta,
) -> Result<(), Diagnostic> {
    let old = live.values.get(key);
    let (new, told) = match want {
        Want::Text(text) if same_text(key, old, text) => return Ok(()),
        Want::Text(text) => (
            text.clone(),
            format!("{} -> {}", shown(old), one_line(text)),
        ),
        Want::Parts(parts) => {
            let present = old.and_then(|old| format_of(key)?.parse(old).ok());
            let had = match had {
                Some(Want::Parts(had)) => Some(had),
                _ => None,
            };
            let merged = merged(key, present.as_ref(), had, parts, macs);
            if present
                .as_ref()
                .is_some_and(|present| equal(key, present, &merged))
            {
                return Ok(());
            }
            let told = difference(present.as_ref(), &merged);
            refuse_root_only(key, &merged)?;
            (
                printed(key, &merged)
                    .map_err(|error| refuse::malformed(&attribute(key), &error))?,
                told,
            )
        }
    };
    let effect = effect_of(key, old, Some(&new), live);
    delta.set.insert(key.to_owned(), new);
    delta.tell(key, told, effect, live);
    Ok(())
}

/// What is there, with what is set laid over it, without what was set before and is not any more.
fn merged(
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

fn equal(key: &str, one: &Properties, other: &Properties) -> bool {
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

fn same_text(key: &str, old: Option<&String>, new: &str) -> bool {
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

fn disks(
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

fn state_disks(
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

fn cdroms(
    before: &Desired,
    wanted: &Desired,
    live: &Sight,
    delta: &mut Delta,
    refused: &mut Diagnostics,
) {
    for (slot, volume) in &wanted.cdroms {
        let old = live.values.get(slot);
        let present = old.and_then(|old| format_of(slot)?.parse(old).ok());
        if present
            .as_ref()
            .is_some_and(|present| present.get("media") != Some("cdrom"))
        {
            refused.push(refuse::occupied(
                &format!("cdroms.{slot}"),
                old.map_or("", String::as_str),
            ));
            continue;
        }
        let medium = present.as_ref().and_then(|present| present.get("file"));
        if medium == Some(volume) {
            continue;
        }
        if let Ok(new) = printed(slot, &cdrom(volume)) {
            let effect = if present.is_some() && !live.pending.contains_key(slot) {
                Effect::Hot
            } else {
                Effect::Pending
            };
            delta.set.insert(slot.clone(), new);
            delta.tell(
                &format!("cdroms.{slot}"),
                format!("{} -> {volume}", medium.unwrap_or("none")),
                effect,
                live,
            );
        }
    }
    let gone = before
        .cdroms
        .keys()
        .filter(|slot| !wanted.cdroms.contains_key(*slot) && !wanted.disks.contains_key(*slot));
    for slot in gone {
        if live.values.contains_key(slot) {
            delta.delete.insert(slot.clone());
            delta.tell(&format!("cdroms.{slot}"), "removed", Effect::Pending, live);
        }
    }
}

/// The UUID and the mark stay whatever is set.
fn smbios(
    before: &Desired,
    wanted: &Desired,
    live: &Sight,
    delta: &mut Delta,
) -> Result<(), Diagnostic> {
    const KEY: &str = "smbios1";
    let old = live.values.get(KEY).map_or("", String::as_str);
    let present = Smbios::parse(old).map_err(|error| refuse::malformed(KEY, &error))?;
    let mut next = present.clone();
    for field in before
        .smbios
        .keys()
        .filter(|field| !wanted.smbios.contains_key(*field))
    {
        next.texts.remove(field);
    }
    next.texts.extend(wanted.smbios.clone());
    if next == present {
        return Ok(());
    }
    let fields: BTreeSet<&String> = next.texts.keys().chain(present.texts.keys()).collect();
    let told = fields
        .into_iter()
        .filter(|field| next.texts.get(*field) != present.texts.get(*field));
    let told: Vec<String> = told
        .map(|field| {
            format!(
                "{field}: {} -> {}",
                shown(present.texts.get(field)),
                shown(next.texts.get(field))
            )
        })
        .collect();
    let new = next
        .print()
        .map_err(|error| refuse::malformed("smbios", &error))?;
    delta.set.insert(KEY.to_owned(), new);
    delta.tell(KEY, told.join(", "), Effect::Pending, live);
    Ok(())
}

fn pool(wanted: &Desired, live: &Sight, delta: &mut Delta) {
    if wanted.pool != live.pool {
        delta.pool = Some((live.pool.clone(), wanted.pool.clone()));
        let told = format!(
            "{} -> {}",
            shown(live.pool.as_ref()),
            shown(wanted.pool.as_ref())
        );
        delta.tell("pool", told, Effect::Hot, live);
    }
}

fn ha(before: &Desired, wanted: &Desired, live: &Sight, delta: &mut Delta) {
    let (change, told) = match (&wanted.ha, &live.ha) {
        (None, None) => return,
        (None, Some(_)) => (HaChange::Remove, "removed".to_owned()),
        (Some(wanted), None) => (HaChange::Add(wanted.clone()), "added".to_owned()),
        (Some(wanted), Some(present)) => {
            let set: BTreeMap<String, String> = wanted
                .iter()
                .filter(|(name, value)| present.get(*name) != Some(value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let had = before.ha.iter().flat_map(BTreeMap::keys);
            let unset: Vec<String> = had
                .filter(|name| !wanted.contains_key(*name) && present.contains_key(*name))
                .cloned()
                .collect();
            if set.is_empty() && unset.is_empty() {
                return;
            }
            let names: Vec<&str> = set.keys().chain(&unset).map(String::as_str).collect();
            let told = names.join(", ");
            (HaChange::Set(set, unset), told)
        }
    };
    delta.ha = change;
    delta.tell("ha", told, Effect::Hot, live);
}

/// What a running machine does about one key.
fn effect_of(key: &str, old: Option<&String>, new: Option<&String>, live: &Sight) -> Effect {
    const AT_ONCE: [&str; 8] = [
        "name",
        "description",
        "tags",
        "onboot",
        "protection",
        "startup",
        "cpulimit",
        "cpuunits",
    ];
    if AT_ONCE.contains(&key) {
        return Effect::Hot;
    }
    let Some((family, _)) = slot(key) else {
        return Effect::Pending;
    };
    let waits = live.pending.contains_key(key);
    match (family, old, new) {
        ("net" | "usb", _, _) => Effect::Hot,
        ("scsi" | "virtio", None, Some(_)) => Effect::Hot,
        ("scsi" | "virtio", Some(old), Some(new)) if !waits && only_hot_parts(key, old, new) => {
            Effect::Hot
        }
        _ => Effect::Pending,
    }
}

/// Whether a disk's change is one that it takes while it runs.
fn only_hot_parts(key: &str, old: &str, new: &str) -> bool {
    let Some(format) = format_of(key) else {
        return false;
    };
    let (Ok(mut old), Ok(mut new)) = (format.parse(old), format.parse(new)) else {
        return false;
    };
    for part in ["backup", "replicate", "size"] {
        old.remove(part);
        new.remove(part);
    }
    equal(key, &old, &new)
}

/// API tokens cannot set raw devices.
fn refuse_root_only(key: &str, parts: &Properties) -> Result<(), Diagnostic> {
    let raw = parts
        .get("host")
        .filter(|host| !host.eq_ignore_ascii_case("spice"));
    match (slot(key), raw) {
        (Some(("hostpci" | "usb", _)), Some(_)) => Err(refuse::root_only(&attribute(key))),
        _ => Ok(()),
    }
}

fn difference(old: Option<&Properties>, new: &Properties) -> String {
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

fn shown(value: Option<&String>) -> &str {
    value.map_or("none", String::as_str)
}

fn one_line(text: &str) -> String {
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
