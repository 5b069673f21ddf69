//! Firmware, processor, memory, agent, display and SMBIOS.

use std::collections::BTreeSet;

use framework::prelude::*;
use proxmox_client::codec::{BootOrder, Properties, Smbios};

use super::super::model::{TalosVm, VmAgent, VmCpu, VmMemory, VmSmbios, VmVga};
use super::super::sight::Sight;
use super::Scope;
use super::read::{flag, float, number, on, part, parts, set_of, whole};

pub fn hardware(model: &mut TalosVm, sight: &Sight, scope: Scope) {
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
