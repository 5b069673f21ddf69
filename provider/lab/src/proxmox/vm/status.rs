//! What a VM does now (shapes recorded with PVE 9.2).

use serde_json::{Value, json};

use super::hardware::{cpus, memory, name_of};
use super::{Config, Running, Vm};
use crate::proxmox::answer::Reply;
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Drive, boot, property_string};

/// The state of one VM, as its host sees it.
pub(crate) fn current(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    let vm = call.dc.vm(call.node(), vmid)?;
    let mut status = row(call, vmid, vm);
    status["ha"] = ha(call, vmid);
    status["qmpstatus"] = json!(match &vm.running {
        None => "stopped",
        Some(running) if running.paused => "paused",
        Some(_) => "running",
    });
    let agent = vm.config.get("agent").unwrap_or_default();
    let agent = property_string::parse("agent", agent).unwrap_or_default();
    if agent.get("enabled").is_some_and(|enabled| enabled == "1") {
        status["agent"] = json!(1);
    }
    if let Some(balloon) = vm.config.number("balloon").filter(|balloon| *balloon > 0) {
        status["balloon_min"] = json!(balloon << 20);
        status["shares"] = json!(vm.config.number("shares").unwrap_or(1000));
    }
    if vm
        .config
        .current
        .keys()
        .any(|name| name.starts_with("serial"))
    {
        status["serial"] = json!(1);
    }
    if vm.config.get("vga").is_some() {
        status["clipboard"] = Value::Null;
    }
    if vm.running.is_some() {
        let cards = vm
            .config
            .current
            .keys()
            .filter_map(|name| name.strip_prefix("net"));
        let cards = cards.map(|number| {
            (
                format!("tap{vmid}i{number}"),
                json!({ "netin": 0, "netout": 0 }),
            )
        });
        let cards: serde_json::Map<String, Value> = cards.collect();
        if !cards.is_empty() {
            status["nics"] = Value::Object(cards);
        }
    }
    if let Some(running) = &vm.running {
        status["blockstat"] = drives(&vm.config, running);
    }
    Ok(status)
}

/// What each drive read and wrote, of the emulator's counters those that clients look at (`PVE::QemuServer::vmstatus`; the machines
/// of the recordings had no emulator).
fn drives(config: &Config, running: &Running) -> Value {
    let drives = config.current.iter().filter_map(|(slot, value)| {
        let drive = Drive::parse(slot, value)?;
        let bytes = running
            .written
            .get(&drive.slot)
            .copied()
            .unwrap_or_default();
        Some((slot.clone(), json!({ "rd_bytes": 0, "wr_bytes": bytes })))
    });
    Value::Object(drives.collect())
}

fn ha(call: &Call<'_>, vmid: u32) -> Value {
    match call.dc.ha_of(vmid) {
        Some(resource) => json!({ "managed": 1, "state": resource.get("state") }),
        None => json!({ "managed": 0 }),
    }
}

fn row(call: &Call<'_>, vmid: u32, vm: &Vm) -> Value {
    let mut row = json!({
        "vmid": vmid,
        "name": name_of(vmid, &vm.config),
        "status": if vm.running.is_some() { "running" } else { "stopped" },
        "cpus": cpus(&vm.config),
        "cpu": 0,
        "mem": 0,
        "memhost": 0,
        "maxmem": memory(&vm.config) << 20,
        "disk": 0,
        "maxdisk": boot_size(&vm.config),
        "netin": 0,
        "netout": 0,
        "uptime": uptime(call, vm),
    });
    for name in ["tags", "lock"] {
        if let Some(value) = vm.config.get(name) {
            row[name] = json!(value);
        }
    }
    if vm.config.flag("template") {
        row["template"] = json!(1);
    }
    if let Some(running) = &vm.running {
        row["pid"] = json!(running.pid);
        for name in [
            "cpufull",
            "cpusome",
            "iofull",
            "iosome",
            "memoryfull",
            "memorysome",
        ] {
            row[format!("pressure{name}")] = json!(0);
        }
    }
    row
}

fn uptime(call: &Call<'_>, vm: &Vm) -> i64 {
    let running = vm.running.as_ref();
    running.map_or(0, |running| (call.dc.now - running.since) / 1000)
}

/// The size of the first disk to boot from.
fn boot_size(config: &Config) -> u64 {
    let order = config.get("boot").and_then(boot::order).unwrap_or_default();
    let first = order.iter().find_map(|device| {
        let drive = Drive::parse(device, config.get(device)?)?;
        (!drive.is_cdrom()).then_some(drive.size())
    });
    first.unwrap_or_default()
}

/// VMs of a host that the caller may see.
pub(crate) fn list(call: &mut Call<'_>) -> Reply {
    let node = call.node();
    let own =
        call.dc.vms.iter().filter(|(vmid, vm)| {
            vm.node == node && call.may(&format!("/vms/{vmid}"), &["VM.Audit"])
        });
    Ok(own.map(|(vmid, vm)| row(call, *vmid, vm)).collect())
}

/// A VM among the cluster's resources.
pub(crate) fn resource(call: &Call<'_>, vmid: u32, vm: &Vm) -> Value {
    let mut row = json!({
        "id": format!("qemu/{vmid}"),
        "type": "qemu",
        "vmid": vmid,
        "node": vm.node,
        "name": name_of(vmid, &vm.config),
        "status": if vm.running.is_some() { "running" } else { "stopped" },
        "template": u8::from(vm.config.flag("template")),
        "maxcpu": cpus(&vm.config),
        "maxmem": memory(&vm.config) << 20,
        "maxdisk": boot_size(&vm.config),
        "cpu": 0,
        "mem": 0,
        "memhost": 0,
        "disk": 0,
        "diskread": 0,
        "diskwrite": 0,
        "netin": 0,
        "netout": 0,
        "uptime": uptime(call, vm),
    });
    for name in ["tags", "lock"] {
        if let Some(value) = vm.config.get(name) {
            row[name] = json!(value);
        }
    }
    if let Some(pool) = call.dc.pool_of(vmid) {
        row["pool"] = json!(pool);
    }
    if let Some(resource) = call.dc.ha_of(vmid) {
        row["hastate"] = json!(resource.get("state"));
    }
    row
}
