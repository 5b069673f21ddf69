//! From `network_seed` to the image, and the addresses that follow from it. Pure.

use std::collections::BTreeMap;

use framework::prelude::*;

use super::desired::{list, slots};
use super::identity::seed_name;
use super::model::{SeedInterface, SeedRoute, SeedVlan, TalosVm, VmSeed};
use crate::shared::nocloud::{Interface, Link, Route, Seed};

/// The image of a machine's seed, and where it belongs.
pub struct SeedImage {
    /// Storage.
    pub storage: String,
    /// CD-ROM drive.
    pub slot: String,
    /// Name of the file.
    pub file_name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// SHA-256 of them.
    pub sha256: String,
}

impl SeedImage {
    /// The volume that it becomes.
    pub fn volume(&self) -> String {
        format!("{}:iso/{}", self.storage, self.file_name)
    }
}

/// The image, where a seed is set. `macs` has the hardware address of each interface.
pub fn seed_image(model: &TalosVm, macs: &BTreeMap<String, String>) -> Option<SeedImage> {
    let seed = model.network_seed.get()?;
    let image = content(seed, macs).image();
    Some(SeedImage {
        storage: seed.storage.text().to_owned(),
        slot: seed.slot.text().to_owned(),
        file_name: seed_name(model.name.text(), &image.sha256),
        bytes: image.bytes,
        sha256: image.sha256,
    })
}

fn content(seed: &VmSeed, macs: &BTreeMap<String, String>) -> Seed {
    let interfaces = slots(&seed.interfaces).map(|(slot, interface)| Interface {
        name: slot.clone(),
        mac: macs.get(slot).cloned().unwrap_or_default(),
        link: link(interface),
        vlans: slots(&interface.vlans)
            .filter_map(|(id, vlan)| Some((id.parse().ok()?, tagged(vlan))))
            .collect(),
    });
    Seed {
        hostname: seed.hostname.cloned(),
        interfaces: interfaces.collect(),
        nameservers: list(&seed.nameservers),
        search_domains: list(&seed.search_domains),
    }
}

fn link(interface: &SeedInterface) -> Link {
    Link {
        addresses: list(&interface.addresses),
        gateway4: interface.gateway4.cloned(),
        gateway6: interface.gateway6.cloned(),
        mtu: interface.mtu.cloned(),
        routes: routes(&interface.routes),
        dhcp4: interface.dhcp4.get() == Some(&true),
        dhcp6: interface.dhcp6.get() == Some(&true),
    }
}

fn tagged(vlan: &SeedVlan) -> Link {
    Link {
        addresses: list(&vlan.addresses),
        gateway4: vlan.gateway4.cloned(),
        gateway6: vlan.gateway6.cloned(),
        mtu: vlan.mtu.cloned(),
        routes: routes(&vlan.routes),
        ..Link::default()
    }
}

fn routes(routes: &Field<Vec<Field<SeedRoute>>>) -> Vec<Route> {
    let routes = routes.get().into_iter().flatten().filter_map(Field::get);
    let read = |route: &SeedRoute| Route {
        to: route.to.text().to_owned(),
        via: route.via.text().to_owned(),
        metric: route.metric.cloned(),
    };
    routes.map(read).collect()
}

/// Addresses without prefix length by slot, those of VLANs after the interface's own, in the order of the seed.
pub fn addresses(model: &TalosVm) -> BTreeMap<String, Vec<String>> {
    let Some(seed) = model.network_seed.get() else {
        return BTreeMap::new();
    };
    let bare = |address: String| address.split('/').next().unwrap_or_default().to_owned();
    let of = |interface: &SeedInterface| {
        let vlans = slots(&interface.vlans).flat_map(|(_, vlan)| list(&vlan.addresses));
        list(&interface.addresses)
            .into_iter()
            .chain(vlans)
            .map(bare)
            .collect::<Vec<_>>()
    };
    slots(&seed.interfaces)
        .map(|(slot, interface)| (slot.clone(), of(interface)))
        .collect()
}
