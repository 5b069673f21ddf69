//! A cluster made from a scenario's parts.

use std::collections::BTreeMap;

use crate::proxmox::auth::{Acl, Token};
use crate::proxmox::datacenter::{Datacenter, Host, Pool, Version, Vnet};
use crate::proxmox::storage::Storage;
use crate::world::{HostPart, StoragePart, VmPart, VnetPart, World};

/// A release such as `9.2.11`.
pub(crate) fn version(text: &str) -> Result<Version, String> {
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([major, minor, patch]) => Ok(Version {
            major: *major,
            minor: *minor,
            patch: *patch,
        }),
        _ => Err(format!(
            "'{text}' is no release of Proxmox VE; write it as 9.2.11"
        )),
    }
}

pub(crate) fn hosts(dc: &mut Datacenter, parts: &BTreeMap<String, HostPart>) {
    let hosts = parts.iter().map(|(name, part)| {
        let host = Host {
            online: part.online,
            address: part.address.clone(),
            cpus: part.cpus,
            memory: part.memory_gib << 30,
            bridges: part.bridges.clone(),
            pci: part.pci.clone(),
            usb: part.usb.clone(),
            fingerprint: String::new(),
        };
        (name.clone(), host)
    });
    dc.hosts = hosts.collect();
}

pub(crate) fn storages(dc: &mut Datacenter, parts: &BTreeMap<String, StoragePart>) {
    let storages = parts.iter().map(|(name, part)| {
        let path = format!("/mnt/{name}");
        let storage = Storage {
            kind: part.kind.clone(),
            content: part.content.clone(),
            shared: part.shared,
            nodes: part.nodes.clone(),
            path: part.path.clone().unwrap_or(path),
            size: bytes(part.size_gib),
        };
        (name.clone(), storage)
    });
    dc.storages = storages.collect();
}

/// GiB in bytes; what is no size is none.
fn bytes(gib: f64) -> u64 {
    // Casts of floating numbers stop at the ends of the target.
    (gib * f64::from(1_u32 << 30)) as u64
}

pub(crate) fn networks(dc: &mut Datacenter, parts: &BTreeMap<String, VnetPart>) {
    let vnets = parts.iter().map(|(name, part)| {
        let vnet = Vnet {
            zone: part.zone.clone(),
            tag: part.tag,
        };
        (name.clone(), vnet)
    });
    dc.vnets = vnets.collect();
}

/// Accounts, rights and pools. Where a scenario brings no token, root gets one.
pub(crate) fn access(dc: &mut Datacenter, world: &World) {
    dc.access.users = world.users.clone();
    dc.access.roles = world.roles.clone();
    let tokens = world.tokens.iter().map(|(id, part)| {
        let token = Token {
            secret: part.secret.clone(),
            separate: part.separate,
        };
        (id.clone(), token)
    });
    dc.access.tokens = tokens.collect();
    if dc.access.tokens.is_empty() {
        let token = Token {
            secret: dc.random.uuid(),
            separate: false,
        };
        dc.access.tokens.insert("root@pam!lab".to_owned(), token);
    }
    let acl = world.acl.iter().map(|part| Acl {
        path: part.path.clone(),
        who: part.who.clone(),
        role: part.role.clone(),
        propagate: part.propagate,
    });
    dc.access.acl = acl.collect();
    let pools = world.pools.iter();
    dc.pools = pools.map(|name| (name.clone(), Pool::default())).collect();
}

/// VMs that are there from the start.
pub(crate) fn vms(dc: &mut Datacenter, parts: &BTreeMap<u32, VmPart>) -> Result<(), String> {
    for (vmid, part) in parts {
        dc.put_vm(&part.node, *vmid, part.options.clone(), part.running)
            .map_err(|refusal| format!("VM {vmid}: {}", refusal.exit_status()))?;
    }
    Ok(())
}
