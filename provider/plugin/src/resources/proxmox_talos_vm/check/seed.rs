//! The seed: its drive, its interfaces and its name servers.

use std::net::IpAddr;

use framework::prelude::*;
use proxmox_client::codec::is_drive;

use super::super::desired::slots;
use super::super::model::{TalosVm, VmSeed};
use super::invalid;
use super::ways::Ways;
use crate::shared::placeholder::is_placeholder_host;

pub fn seed(config: &TalosVm, seed: &VmSeed, found: &mut Diagnostics) {
    let slot_name = seed.slot.as_str().unwrap_or("ide3");
    let path = |member: &str| Path::attribute("network_seed").attr(member);
    if !is_drive(slot_name) || slot_name.starts_with("virtio") {
        invalid(
            found,
            path("slot"),
            &format!("{slot_name:?} cannot be a CD-ROM drive"),
            "Use ide0 to ide3, sata or scsi.",
        );
    }
    let taken = config
        .disks
        .get()
        .is_some_and(|map| map.contains_key(slot_name))
        || config
            .cdroms
            .get()
            .is_some_and(|map| map.contains_key(slot_name));
    if taken {
        found.error_at(
            path("slot"),
            format!("TS-INPUT-CONFLICT: {slot_name} is the drive of the seed and something else"),
            "Choose another `network_seed.slot`.",
        );
    }
    for (key, interface) in slots(&seed.interfaces) {
        let place = path("interfaces").key(key.clone());
        if config
            .nics
            .get()
            .is_some_and(|nics| !nics.contains_key(key))
        {
            invalid(
                found,
                place.clone(),
                &format!("the seed names {key}, which is not in nics"),
                "Name a slot of `nics`.",
            );
        }
        Ways::of_interface(interface).check(&place, found);
        for (id, vlan) in slots(&interface.vlans) {
            let place = place.clone().attr("vlans").key(id.clone());
            if !id.parse::<u16>().is_ok_and(|id| (1..=4094).contains(&id)) {
                invalid(
                    found,
                    place.clone(),
                    &format!("{id:?} is not a VLAN id"),
                    "They go from 1 to 4094.",
                );
            }
            Ways::of_vlan(vlan).check(&place, found);
        }
    }
    for server in seed
        .nameservers
        .get()
        .into_iter()
        .flatten()
        .filter_map(Field::as_str)
    {
        if server.parse::<IpAddr>().is_err() && !is_placeholder_host(server) {
            invalid(
                found,
                path("nameservers"),
                &format!("{server:?} is not an address"),
                "Talos reads none of the seed when one name server is a name.",
            );
        }
    }
}
