//! What was seen, as attributes. Attributes that are not set stay so, except after an import, which fills in everything. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use framework::prelude::*;
use proxmox_client::codec::{
    BootOrder, Properties, Size, Smbios, Tags, Volume, format_of, is_drive, slot,
};

use super::model::{
    TalosVm, VmAgent, VmCdrom, VmCpu, VmDisk, VmEfiDisk, VmHa, VmHostPci, VmMemory, VmNic,
    VmSmbios, VmStartup, VmTpm, VmUsb, VmVga,
};
use super::seed;
use super::sight::Sight;
use crate::shared::change::text_map;

/// Which attributes are filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that are set.
    Set,
    /// All: after an import.
    All,
}

impl Scope {
    /// A value that was seen, where it is wanted.
    fn seen<T: Clone>(self, set: &Field<T>, seen: Option<T>) -> Field<T> {
        match (self, set.is_null()) {
            (Self::Set, true) => Field::Null,
            _ => seen.into(),
        }
    }

    /// The same with a value that stands for absence.
    fn seen_or<T: Clone>(self, set: &Field<T>, seen: Option<T>, absent: T) -> Field<T> {
        match self {
            Self::Set => self.seen(set, Some(seen.unwrap_or(absent))),
            Self::All => seen.into(),
        }
    }
}

/// Fills in everything that can be set, and everything computed.
pub fn describe(model: &mut TalosVm, sight: &Sight, scope: Scope) {
    settings(model, sight, scope);
    hardware(model, sight, scope);
    devices(model, sight, scope);
    computed(model, sight);
}

fn flag(sight: &Sight, key: &str) -> Option<bool> {
    sight.values.get(key).map(|value| value == "1")
}

fn number(sight: &Sight, key: &str) -> Option<i64> {
    sight.values.get(key)?.parse().ok()
}

fn float(text: Option<&str>) -> Option<f64> {
    text?.parse().ok()
}

fn parts(sight: &Sight, key: &str) -> Option<Properties> {
    format_of(key)?.parse(sight.values.get(key)?).ok()
}

fn part(parts: &Properties, name: &str) -> Option<String> {
    parts.get(name).map(str::to_owned)
}

fn whole(parts: &Properties, name: &str) -> Option<i64> {
    parts.get(name)?.parse().ok()
}

fn on(parts: &Properties, name: &str) -> Option<bool> {
    parts.get(name).map(|value| value == "1")
}

fn set_of(text: &str) -> BTreeSet<String> {
    text.split(';')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn settings(model: &mut TalosVm, sight: &Sight, scope: Scope) {
    let text = |key: &str| sight.values.get(key).cloned();
    if let Some(name) = text("name") {
        model.name = name.into();
    }
    model.description = match (model.description.as_str(), text("description")) {
        // A line break at the end comes and goes.
        (Some(ours), seen) if ours.trim_end() == seen.as_deref().unwrap_or("").trim_end() => {
            ours.into()
        }
        (_, seen) => scope.seen(&model.description, seen),
    };
    let tags = text("tags")
        .map(|tags| Tags::parse(&tags).0)
        .unwrap_or_default();
    model.tags = match model.tags.get() {
        Some(ours)
            if ours
                .iter()
                .map(|tag| tag.to_lowercase())
                .collect::<BTreeSet<_>>()
                == tags =>
        {
            model.tags.clone()
        }
        _ => scope.seen(
            &model.tags,
            Some(tags).filter(|tags| scope == Scope::Set || !tags.is_empty()),
        ),
    };
    model.pool = scope.seen(&model.pool, sight.pool.clone());
    model.on_boot = scope.seen_or(&model.on_boot, flag(sight, "onboot"), false);
    model.protection = scope.seen_or(&model.protection, flag(sight, "protection"), false);
    model.startup = match parts(sight, "startup") {
        Some(seen) => scope.seen(
            &model.startup,
            Some(startup(model.startup.get(), &seen, scope)),
        ),
        // One without members asks for nothing.
        None if model.startup.get().is_some_and(is_empty) => model.startup.clone(),
        None => Field::Null,
    };
    model.ha = match &sight.ha {
        Some(seen) => scope.seen(&model.ha, Some(ha(model.ha.get(), seen, scope))),
        None => Field::Null,
    };
    let status = if sight.running { "running" } else { "stopped" };
    model.power_state = status.into();
}

fn is_empty(startup: &VmStartup) -> bool {
    startup.order.is_null() && startup.up_delay.is_null() && startup.down_delay.is_null()
}

fn startup(ours: Option<&VmStartup>, seen: &Properties, scope: Scope) -> VmStartup {
    let ours = ours.cloned().unwrap_or(VmStartup {
        order: Field::Null,
        up_delay: Field::Null,
        down_delay: Field::Null,
    });
    let delay = |ours: &Field<GoDuration>, name: &str| {
        let seen = whole(seen, name).and_then(|seconds| u64::try_from(seconds).ok());
        match (ours.get().map(|ours| ours.value().as_secs()), seen) {
            (Some(ours_seconds), Some(seconds)) if ours_seconds == seconds => ours.clone(),
            _ => scope.seen(
                ours,
                seen.map(|seconds| Duration::from_secs(seconds).into()),
            ),
        }
    };
    VmStartup {
        order: scope.seen(&ours.order, whole(seen, "order")),
        up_delay: delay(&ours.up_delay, "up"),
        down_delay: delay(&ours.down_delay, "down"),
    }
}

fn ha(ours: Option<&VmHa>, seen: &BTreeMap<String, String>, scope: Scope) -> VmHa {
    let none = VmHa {
        state: Field::Null,
        max_restart: Field::Null,
        max_relocate: Field::Null,
        comment: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    let number = |name: &str| seen.get(name)?.parse().ok();
    VmHa {
        state: scope.seen(&ours.state, seen.get("state").cloned()),
        max_restart: scope.seen(&ours.max_restart, number("max_restart")),
        max_relocate: scope.seen(&ours.max_relocate, number("max_relocate")),
        comment: scope.seen(
            &ours.comment,
            seen.get("comment").map(|text| text.trim_end().to_owned()),
        ),
    }
}

fn hardware(model: &mut TalosVm, sight: &Sight, scope: Scope) {
    let text = |key: &str| sight.values.get(key).cloned();
    model.bios = scope.seen_or(&model.bios, text("bios"), "seabios".to_owned());
    let machine = parts(sight, "machine").and_then(|machine| part(&machine, "type"));
    model.machine = scope.seen_or(&model.machine, machine, "pc".to_owned());
    model.scsi_hardware = scope.seen_or(&model.scsi_hardware, text("scsihw"), "lsi".to_owned());
    model.cpu = scope.seen(&model.cpu, Some(cpu(model.cpu.get(), sight, scope)));
    let memory = parts(sight, "memory").and_then(|memory| whole(&memory, "current"));
    let balloon = match model.memory.get() {
        Some(ours) => scope.seen(&ours.balloon, number(sight, "balloon")),
        None => number(sight, "balloon").into(),
    };
    let mib = memory.unwrap_or(512).into();
    model.memory = Field::Known(VmMemory { mib, balloon });
    model.agent = match parts(sight, "agent") {
        Some(seen) => scope.seen(&model.agent, Some(agent(model.agent.get(), &seen, scope))),
        None => Field::Null,
    };
    model.vga = match parts(sight, "vga") {
        Some(seen) => scope.seen(&model.vga, Some(vga(model.vga.get(), &seen, scope))),
        None => Field::Null,
    };
    model.smbios = match &model.smbios {
        Field::Null if scope == Scope::Set => Field::Null,
        ours => smbios(ours.get(), sight, scope),
    };
    let order = parts(sight, "boot").and_then(|boot| BootOrder::parse(boot.get("order")?));
    let order = order.map(|order| order.0.into_iter().map(Field::Known).collect());
    model.boot_order = scope.seen(&model.boot_order, order);
}

fn cpu(ours: Option<&VmCpu>, sight: &Sight, scope: Scope) -> VmCpu {
    let none = VmCpu {
        kind: Field::Null,
        cores: Field::Null,
        sockets: Field::Null,
        numa: Field::Null,
        flags: Field::Null,
        limit: Field::Null,
        units: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    let seen = parts(sight, "cpu").unwrap_or_default();
    let limit = float(sight.values.get("cpulimit").map(String::as_str));
    VmCpu {
        kind: scope.seen(&ours.kind, part(&seen, "cputype")),
        cores: scope.seen_or(&ours.cores, number(sight, "cores"), 1),
        sockets: scope.seen_or(&ours.sockets, number(sight, "sockets"), 1),
        numa: scope.seen_or(&ours.numa, flag(sight, "numa"), false),
        flags: scope.seen_or(&ours.flags, seen.get("flags").map(set_of), BTreeSet::new()),
        limit: scope.seen_or(&ours.limit, limit, 0.0),
        units: scope.seen(&ours.units, number(sight, "cpuunits")),
    }
}

fn agent(ours: Option<&VmAgent>, seen: &Properties, scope: Scope) -> VmAgent {
    let kind = ours.map_or(Field::Null, |ours| ours.kind.clone());
    VmAgent {
        enabled: on(seen, "enabled").unwrap_or(false).into(),
        kind: scope.seen_or(&kind, part(seen, "type"), "virtio".to_owned()),
    }
}

fn vga(ours: Option<&VmVga>, seen: &Properties, scope: Scope) -> VmVga {
    let memory = ours.map_or(Field::Null, |ours| ours.memory_mib.clone());
    VmVga {
        kind: part(seen, "type")
            .unwrap_or_else(|| "std".to_owned())
            .into(),
        memory_mib: scope.seen(&memory, whole(seen, "memory")),
    }
}

fn smbios(ours: Option<&VmSmbios>, sight: &Sight, scope: Scope) -> Field<VmSmbios> {
    let none = VmSmbios {
        serial: Field::Null,
        manufacturer: Field::Null,
        product: Field::Null,
        version: Field::Null,
        sku: Field::Null,
    };
    let text = sight.values.get("smbios1").map_or("", String::as_str);
    let seen = Smbios::parse(text).unwrap_or_default().texts;
    if ours.is_none() && seen.keys().all(|field| field == "family") {
        return Field::Null;
    }
    let ours = ours.unwrap_or(&none);
    let field = |ours: &Field<String>, name: &str| scope.seen(ours, seen.get(name).cloned());
    Field::Known(VmSmbios {
        serial: field(&ours.serial, "serial"),
        manufacturer: field(&ours.manufacturer, "manufacturer"),
        product: field(&ours.product, "product"),
        version: field(&ours.version, "version"),
        sku: field(&ours.sku, "sku"),
    })
}

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

fn family(key: &str) -> &'static str {
    slot(key).map_or("", |(family, _)| family)
}

fn devices(model: &mut TalosVm, sight: &Sight, scope: Scope) {
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

fn efi(ours: Option<&VmEfiDisk>, seen: &Properties, storage: String, scope: Scope) -> VmEfiDisk {
    let (kind, keys) = ours.map_or((Field::Null, Field::Null), |ours| {
        (ours.kind.clone(), ours.pre_enrolled_keys.clone())
    });
    VmEfiDisk {
        storage: storage.into(),
        kind: scope.seen_or(&kind, part(seen, "efitype"), "2m".to_owned()),
        pre_enrolled_keys: scope.seen_or(&keys, on(seen, "pre-enrolled-keys"), false),
    }
}

fn disk(ours: Option<&VmDisk>, seen: &Properties, scope: Scope) -> VmDisk {
    let none = VmDisk {
        storage: Field::Null,
        size_gib: Field::Null,
        import_from: Field::Null,
        cache: Field::Null,
        aio: Field::Null,
        discard: Field::Null,
        ssd: Field::Null,
        iothread: Field::Null,
        serial: Field::Null,
        backup: Field::Null,
        replicate: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    let storage = Volume::of(seen).and_then(|volume| volume.storage().map(str::to_owned));
    let gib = seen
        .get("size")
        .and_then(Size::parse)
        .and_then(|size| i64::try_from(size.gib()).ok());
    let discard = seen.get("discard").map(|discard| discard == "on");
    VmDisk {
        storage: storage.unwrap_or_default().into(),
        // Proxmox VE may not say the size; the one that was set stands then.
        size_gib: scope.seen(&ours.size_gib, gib.or(ours.size_gib.cloned())),
        import_from: ours.import_from.clone(),
        cache: scope.seen_or(&ours.cache, part(seen, "cache"), "none".to_owned()),
        aio: scope.seen(&ours.aio, part(seen, "aio")),
        discard: scope.seen_or(&ours.discard, discard, false),
        ssd: scope.seen_or(&ours.ssd, on(seen, "ssd"), false),
        iothread: scope.seen_or(&ours.iothread, on(seen, "iothread"), false),
        serial: scope.seen(&ours.serial, part(seen, "serial")),
        backup: scope.seen_or(&ours.backup, on(seen, "backup"), true),
        replicate: scope.seen_or(&ours.replicate, on(seen, "replicate"), true),
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
