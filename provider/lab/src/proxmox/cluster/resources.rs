//! Version, hosts, resources, free numbers (shapes recorded with PVE 9.2).

use serde_json::{Value, json};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Host;

/// The release.
pub(crate) fn version(call: &mut Call<'_>) -> Reply {
    let version = call.dc.version;
    let release = format!("{}.{}", version.major, version.minor);
    Ok(json!({
        "version": format!("{release}.{}", version.patch),
        "release": release,
        "repoid": "0000000000000000",
    }))
}

/// Parts of the API.
pub(crate) fn root(_: &mut Call<'_>) -> Reply {
    let parts = ["version", "cluster", "nodes", "storage", "access", "pools"];
    Ok(parts.iter().map(|part| json!({ "subdir": part })).collect())
}

/// Hosts; figures only for those who may see them.
pub(crate) fn nodes(call: &mut Call<'_>) -> Reply {
    let rows = call.dc.hosts.iter().map(|(name, host)| {
        let mut row = node_row(call, name, host);
        row["ssl_fingerprint"] = json!(host.fingerprint);
        row
    });
    Ok(rows.collect())
}

fn node_row(call: &Call<'_>, name: &str, host: &Host) -> Value {
    let mut row = json!({
        "id": format!("node/{name}"),
        "type": "node",
        "node": name,
        "status": if host.online { "online" } else { "offline" },
        "level": "",
    });
    if host.online && call.may(&format!("/nodes/{name}"), &["Sys.Audit"]) {
        let running = call
            .dc
            .vms
            .values()
            .filter(|vm| vm.node == name && vm.running.is_some());
        let memory: u64 = running
            .map(|vm| vm.config.number("memory").unwrap_or(512) << 20)
            .sum();
        row["cpu"] = json!(0.01);
        row["maxcpu"] = json!(host.cpus);
        row["mem"] = json!((2 << 30) + memory);
        row["maxmem"] = json!(host.memory);
        row["disk"] = json!(8_u64 << 30);
        row["maxdisk"] = json!(96_u64 << 30);
        row["uptime"] = json!(call.dc.seconds() % 1_000_000);
    }
    row
}

/// Hosts, VMs, storages and networks that the caller may see.
pub(crate) fn resources(call: &mut Call<'_>) -> Reply {
    let wanted = call.args.get("type").map(str::to_owned);
    let kind = |kind: &str| wanted.as_deref().is_none_or(|wanted| wanted == kind);
    let mut rows = Vec::new();
    if kind("vm") {
        for (vmid, vm) in &call.dc.vms {
            if call.may(&format!("/vms/{vmid}"), &["VM.Audit"]) {
                rows.push(crate::proxmox::vm::resource(call, *vmid, vm));
            }
        }
    }
    if kind("node") {
        rows.extend(call.dc.hosts.iter().map(|(name, host)| {
            let mut row = node_row(call, name, host);
            row["cgroup-mode"] = json!(2);
            row
        }));
    }
    if kind("storage") {
        rows.extend(storages(call));
    }
    if kind("sdn") {
        rows.extend(zones(call));
    }
    Ok(Value::Array(rows))
}

fn storages(call: &Call<'_>) -> Vec<Value> {
    let privileges = ["Datastore.Audit", "Datastore.AllocateSpace"];
    let seen = call
        .dc
        .storages
        .iter()
        .filter(|(name, _)| call.may(&format!("/storage/{name}"), &privileges));
    seen.flat_map(|(name, storage)| {
        let content: Vec<&str> = storage.content.iter().map(String::as_str).collect();
        let there = call
            .dc
            .hosts
            .keys()
            .filter(|node| storage.nodes.is_empty() || storage.nodes.contains(*node));
        let row = move |node: &String| {
            json!({
                "id": format!("storage/{node}/{name}"),
                "type": "storage",
                "storage": name,
                "node": node,
                "status": "available",
                "plugintype": storage.kind,
                "content": content.join(","),
                "shared": u8::from(storage.shared),
                "disk": call.dc.used(name, node),
                "maxdisk": storage.size,
            })
        };
        there.map(row).collect::<Vec<Value>>()
    })
    .collect()
}

/// Zones of virtual networks, on every host (API viewer).
fn zones(call: &Call<'_>) -> Vec<Value> {
    let mut zones: Vec<&str> = call
        .dc
        .vnets
        .values()
        .map(|vnet| vnet.zone.as_str())
        .collect();
    zones.push("localnetwork");
    zones.sort_unstable();
    zones.dedup();
    zones.retain(|zone| call.may(&format!("/sdn/zones/{zone}"), &["SDN.Audit"]));
    let rows = zones.into_iter().flat_map(|zone| {
        call.dc.hosts.keys().map(move |node| {
            json!({
                "id": format!("sdn/{node}/{zone}"),
                "type": "sdn",
                "sdn": zone,
                "node": node,
                "status": "ok",
            })
        })
    });
    rows.collect()
}

/// The lowest free number as a string, or whether one is free. Sees every VM.
pub(crate) fn nextid(call: &mut Call<'_>) -> Reply {
    let Some(wanted) = call.args.get("vmid") else {
        let free = (100..).find(|vmid| !call.dc.vms.contains_key(vmid));
        return Ok(json!(free.unwrap_or(100).to_string()));
    };
    match call.dc.vms.contains_key(&call.vmid()) {
        true => {
            let text = format!("VM {wanted} already exists");
            Err(Refusal::parameter("vmid", text))
        }
        false => Ok(json!(wanted)),
    }
}

/// Options of the datacenter.
pub(crate) fn options(call: &mut Call<'_>) -> Reply {
    let tags = call.dc.vms.values().filter_map(|vm| vm.config.get("tags"));
    let mut tags: Vec<&str> = tags
        .flat_map(|tags| tags.trim().split(';'))
        .filter(|tag| !tag.is_empty())
        .collect();
    tags.sort_unstable();
    tags.dedup();
    Ok(json!({ "mac_prefix": "BC:24:11", "description": "", "allowed-tags": tags }))
}

/// Hosts and whether the cluster has a quorum (the cluster row is from the API viewer: the
/// recorded host stood alone).
pub(crate) fn status(call: &mut Call<'_>) -> Reply {
    let hosts = &call.dc.hosts;
    let online = hosts.values().filter(|host| host.online).count();
    let mut rows: Vec<Value> = hosts
        .iter()
        .enumerate()
        .map(|(at, (name, host))| {
            json!({
                "id": format!("node/{name}"),
                "type": "node",
                "name": name,
                "nodeid": if hosts.len() > 1 { at + 1 } else { 0 },
                "ip": host.address,
                "online": u8::from(host.online),
                "local": u8::from(at == 0),
                "level": "",
            })
        })
        .collect();
    if hosts.len() > 1 {
        rows.insert(
            0,
            json!({
                "id": "cluster",
                "type": "cluster",
                "name": "lab",
                "nodes": hosts.len(),
                "quorate": u8::from(online * 2 > hosts.len()),
                "version": hosts.len(),
            }),
        );
    }
    Ok(Value::Array(rows))
}

fn vnet_row(name: &str, vnet: &crate::proxmox::datacenter::Vnet) -> Value {
    let mut row = json!({ "vnet": name, "zone": vnet.zone, "type": "vnet" });
    if let Some(tag) = vnet.tag {
        row["tag"] = json!(tag);
    }
    row
}

/// Virtual networks that the caller may see.
pub(crate) fn vnets(call: &mut Call<'_>) -> Reply {
    let privileges = ["SDN.Audit", "SDN.Allocate"];
    let seen =
        call.dc.vnets.iter().filter(|(name, vnet)| {
            call.may(&format!("/sdn/zones/{}/{name}", vnet.zone), &privileges)
        });
    Ok(seen.map(|(name, vnet)| vnet_row(name, vnet)).collect())
}

/// One virtual network.
pub(crate) fn vnet(call: &mut Call<'_>) -> Reply {
    let name = call.text("vnet");
    let missing = || Refusal::die(format!("sdn '{name}' does not exist"));
    let vnet = call.dc.vnets.get(name).ok_or_else(missing)?;
    call.check(
        &format!("/sdn/zones/{}/{name}", vnet.zone),
        &["SDN.Audit", "SDN.Allocate"],
    )?;
    Ok(vnet_row(name, vnet))
}
