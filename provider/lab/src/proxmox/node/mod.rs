//! What belongs to one host.

use serde_json::{Value, json};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Host;
use crate::proxmox::schema::cpu_types;

fn host<'a>(call: &'a Call<'_>) -> Reply<&'a Host> {
    let name = call.node();
    let missing = || Refusal::die(format!("no such cluster node '{name}'"));
    call.dc.hosts.get(name).ok_or_else(missing)
}

/// Parts of a host.
pub(crate) fn index(_: &mut Call<'_>) -> Reply {
    let parts = [
        "capabilities",
        "hardware",
        "network",
        "qemu",
        "query-url-metadata",
        "status",
        "storage",
        "tasks",
        "version",
    ];
    Ok(parts.iter().map(|part| json!({ "name": part })).collect())
}

/// How a host fares (shape recorded with PVE 9.2).
pub(crate) fn status(call: &mut Call<'_>) -> Reply {
    let host = host(call)?;
    let version = call.dc.version;
    let version = format!("{}.{}.{}", version.major, version.minor, version.patch);
    let used = 2_u64 << 30;
    Ok(json!({
        "pveversion": format!("pve-manager/{version}/0000000000000000"),
        "kversion": "Linux 6.17.2-1-pve #1 SMP",
        "current-kernel": {
            "sysname": "Linux", "machine": "x86_64", "release": "6.17.2-1-pve", "version": "#1 SMP",
        },
        "cpuinfo": {
            "cpus": host.cpus, "cores": host.cpus, "sockets": 1, "model": "AMD EPYC",
            "vendor": "AuthenticAMD", "mhz": "2596.120", "user_hz": 100, "hvm": "1",
            "flags": "fpu vme sse4_2 aes avx2 svm",
        },
        "memory": { "total": host.memory, "used": used, "free": host.memory - used, "available": host.memory - used },
        "rootfs": { "total": 96_u64 << 30, "used": 8_u64 << 30, "free": 88_u64 << 30, "avail": 88_u64 << 30 },
        "swap": { "total": 0, "used": 0, "free": 0 },
        "ksm": { "shared": 0 },
        "boot-info": { "mode": "efi", "secureboot": 0 },
        "loadavg": ["0.10", "0.10", "0.10"],
        "cpu": 0.01,
        "wait": 0,
        "idle": 0,
        "uptime": call.dc.seconds() % 1_000_000,
    }))
}

/// Bridges, and with the right type virtual networks; whoever may use them sees them.
pub(crate) fn network(call: &mut Call<'_>) -> Reply {
    let host = host(call)?;
    let kind = call.args.get("type").unwrap_or_default();
    let bridges = host.bridges.iter().filter(|bridge| {
        call.may(
            &format!("/sdn/zones/localnetwork/{bridge}"),
            &["SDN.Audit", "SDN.Use"],
        )
    });
    let mut rows: Vec<Value> = bridges
        .map(|bridge| {
            let mut row = bridge_row(host);
            row["iface"] = json!(bridge);
            row
        })
        .collect();
    if ["any_bridge", "include_sdn", "vnet"].contains(&kind) {
        let seen = call.dc.vnets.iter().filter(|(name, vnet)| {
            call.may(
                &format!("/sdn/zones/{}/{name}", vnet.zone),
                &["SDN.Audit", "SDN.Use"],
            )
        });
        rows.extend(seen.map(|(name, _)| json!({ "iface": name, "type": "vnet", "active": 1 })));
    }
    let any = [
        "",
        "bridge",
        "any_bridge",
        "any_local_bridge",
        "include_sdn",
    ];
    rows.retain(|row| any.contains(&kind) || row["type"] == kind);
    Ok(Value::Array(rows))
}

fn bridge_row(host: &Host) -> Value {
    json!({
        "type": "bridge",
        "active": 1,
        "autostart": 1,
        "method": "static",
        "method6": "manual",
        "address": host.address,
        "cidr": format!("{}/24", host.address),
        "netmask": "24",
        "families": ["inet"],
        "bridge_ports": "",
        "bridge_stp": "off",
        "bridge_fd": "0",
        "priority": 3,
    })
}

/// One bridge.
pub(crate) fn interface(call: &mut Call<'_>) -> Reply {
    let host = host(call)?;
    match host.bridges.contains(call.text("iface")) {
        true => Ok(bridge_row(host)),
        false => Err(Refusal::parameter("iface", "interface does not exist")),
    }
}

/// CPU types that VMs may have.
pub(crate) fn cpus(_: &mut Call<'_>) -> Reply {
    let rows =
        cpu_types().map(|(name, vendor)| json!({ "name": name, "vendor": vendor, "custom": 0 }));
    Ok(rows.collect())
}

/// Machine types (API viewer; versions of QEMU 10).
pub(crate) fn machines(_: &mut Call<'_>) -> Reply {
    let kinds = [("q35", "pc-q35"), ("i440fx", "pc-i440fx")];
    let rows = kinds.iter().flat_map(|(kind, id)| {
        ["10.0", "9.2", "9.0", "8.2"].iter().map(move |version| {
            json!({ "id": format!("{id}-{version}"), "type": kind, "version": version })
        })
    });
    Ok(rows.collect())
}

/// PCI devices.
pub(crate) fn pci(call: &mut Call<'_>) -> Reply {
    Ok(Value::Array(host(call)?.pci.clone()))
}

/// USB devices.
pub(crate) fn usb(call: &mut Call<'_>) -> Reply {
    Ok(Value::Array(host(call)?.usb.clone()))
}

/// Reboots and shutdowns of hosts are refused here: a scenario switches hosts off.
pub(crate) fn command(_: &mut Call<'_>) -> Reply {
    Err(Refusal::status(501, "the lab does not reboot its hosts"))
}
