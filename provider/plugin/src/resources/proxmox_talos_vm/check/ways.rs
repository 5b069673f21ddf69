//! Addresses, gateways and routes of the seed: which are mistakes, and which stand in for values of earlier stages. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use framework::prelude::*;

use super::super::desired::slots;
use super::super::model::{SeedInterface, SeedRoute, SeedVlan, VmSeed};
use super::invalid;
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};

/// Whether an address of the seed stands in for a value of an earlier stage.
pub fn has_placeholder(seed: &VmSeed) -> bool {
    let servers = seed.nameservers.get().into_iter().flatten();
    let mut servers = servers.filter_map(Field::as_str);
    servers.any(is_placeholder_host)
        || slots(&seed.interfaces).any(|(_, interface)| {
            Ways::of_interface(interface).has_placeholder()
                || slots(&interface.vlans).any(|(_, vlan)| Ways::of_vlan(vlan).has_placeholder())
        })
}

/// How an interface or a VLAN of the seed reaches others. One mistake, and Talos does without the network.
pub struct Ways<'a> {
    addresses: &'a Field<Vec<Field<String>>>,
    gateway4: &'a Field<String>,
    gateway6: &'a Field<String>,
    routes: &'a Field<Vec<Field<SeedRoute>>>,
}

impl<'a> Ways<'a> {
    /// Of an interface itself.
    pub fn of_interface(interface: &'a SeedInterface) -> Self {
        Self {
            addresses: &interface.addresses,
            gateway4: &interface.gateway4,
            gateway6: &interface.gateway6,
            routes: &interface.routes,
        }
    }

    /// Of a VLAN on it.
    pub fn of_vlan(vlan: &'a SeedVlan) -> Self {
        Self {
            addresses: &vlan.addresses,
            gateway4: &vlan.gateway4,
            gateway6: &vlan.gateway6,
            routes: &vlan.routes,
        }
    }

    /// Whether a part stands in for a value of an earlier stage.
    fn has_placeholder(&self) -> bool {
        let gateway = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_host);
        let addresses = self.addresses.get().into_iter().flatten();
        let routes = self.routes.get().into_iter().flatten();
        let network = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_text);
        [self.gateway4, self.gateway6].into_iter().any(gateway)
            || addresses.into_iter().any(network)
            || routes
                .filter_map(Field::get)
                .any(|route| network(&route.to) || gateway(&route.via))
    }

    /// Finds mistakes. What stands in for something is none: apply refuses it.
    pub fn check(&self, place: &Path, found: &mut Diagnostics) {
        let addresses = self.addresses.get().into_iter().flatten();
        for address in addresses.filter_map(Field::as_str) {
            if !is_prefix(address) && !is_placeholder_text(address) {
                invalid(
                    found,
                    place.clone().attr("addresses"),
                    &format!("{address:?} is not an address with prefix length"),
                    "Write 10.0.0.1/24 or fd00::1/64.",
                );
            }
        }
        gateway::<Ipv4Addr>(self.gateway4, place, "gateway4", "IPv4", found);
        gateway::<Ipv6Addr>(self.gateway6, place, "gateway6", "IPv6", found);
        let routes = self.routes.get().into_iter().flatten().enumerate();
        for (index, route) in routes.filter_map(|(index, route)| Some((index, route.get()?))) {
            let place = place.clone().attr("routes").index(index);
            if route
                .to
                .as_str()
                .is_some_and(|to| !is_prefix(to) && !is_placeholder_text(to))
            {
                invalid(
                    found,
                    place.clone().attr("to"),
                    &format!("{:?} is not a network with prefix length", route.to.text()),
                    "Write 10.0.0.0/8 or fd00::/16; 0.0.0.0/0 or ::/0 for everything.",
                );
            }
            if route
                .via
                .as_str()
                .is_some_and(|via| via.parse::<IpAddr>().is_err() && !is_placeholder_host(via))
            {
                invalid(
                    found,
                    place.attr("via"),
                    &format!("{:?} is not an address", route.via.text()),
                    "Write the gateway without prefix length.",
                );
            }
        }
    }
}

fn gateway<A: FromStr>(
    field: &Field<String>,
    place: &Path,
    name: &str,
    family: &str,
    found: &mut Diagnostics,
) {
    let wrong = |text: &str| text.parse::<A>().is_err() && !is_placeholder_host(text);
    if field.as_str().is_some_and(wrong) {
        invalid(
            found,
            place.clone().attr(name),
            &format!("{name} is not an {family} address"),
            "Write it without prefix length.",
        );
    }
}

/// Whether this is an address with the length of its network's prefix.
fn is_prefix(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        let longest = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        length.parse::<u8>().is_ok_and(|length| length <= longest)
    })
}
