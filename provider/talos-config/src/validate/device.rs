//! `machine.network.interfaces`.

use std::collections::HashMap;

use super::report::Checks;
use super::view::View;
use super::{bond, text};

const PLACE: &str = "machine.network.interfaces";

pub(super) fn check(network: View<'_>, checks: &mut Checks) {
    let members = members(network, checks);
    for (index, device) in network.at("interfaces").items().enumerate() {
        let place = format!("{PLACE}[{index}]");
        if !device.is_set() {
            checks.error(format!("{place}: is empty"));
        } else if !device.at("ignore").flag() {
            interface(&place, device, checks);
            addressing(&place, device, &members, checks);
            routes(&place, device, checks);
        }
    }
}

/// Interfaces that belong to a bond or a bridge, and to which.
fn members<'a>(network: View<'a>, checks: &mut Checks) -> HashMap<&'a str, &'a str> {
    let mut members = HashMap::new();
    for (index, device) in network.at("interfaces").items().enumerate() {
        let place = format!("{PLACE}[{index}]");
        let (bond, bridge) = (device.at("bond"), device.at("bridge"));
        checks.refuse(
            bond.is_set() && bridge.is_set(),
            format!("{place}: cannot be both a bond and a bridge"),
        );
        let both = bond.at("interfaces").len() > 0 && bond.at("deviceSelectors").len() > 0;
        checks.refuse(
            both,
            format!("{place}.bond: takes either interfaces or deviceSelectors"),
        );
        let master = if bridge.is_set() { bridge } else { bond };
        let name = device.at("interface").text();
        for member in master.at("interfaces").texts() {
            let taken = members
                .insert(member, name)
                .is_some_and(|other| other != name);
            checks.refuse(
                taken,
                format!("{place}: {member} already belongs to another link"),
            );
        }
    }
    members
}

fn interface(place: &str, device: View<'_>, checks: &mut Checks) {
    let named = !device.at("interface").text().is_empty();
    let selector = device.at("deviceSelector");
    checks.refuse(
        named == selector.is_set(),
        format!("{place}: needs either interface or deviceSelector"),
    );
    let empty = selector.is_set() && selector.entries().is_empty();
    checks.refuse(empty, format!("{place}.deviceSelector: is empty"));
    if device.at("bond").is_set() {
        bond::check(&format!("{place}.bond"), device.at("bond"), checks);
    }
    if device.at("wireguard").is_set() {
        wireguard(
            &format!("{place}.wireguard"),
            device.at("wireguard"),
            checks,
        );
    }
    for (index, vlan) in device.at("vlans").items().enumerate() {
        let place = format!("{place}.vlans[{index}]");
        checks.refuse(!vlan.is_set(), format!("{place}: is null"));
        addresses(&place, vlan, checks);
    }
}

/// `cidr` or `addresses`, and all of them addresses.
fn addresses(place: &str, view: View<'_>, checks: &mut Checks) {
    let cidr = view.at("cidr").text();
    let both = !cidr.is_empty() && view.at("addresses").len() > 0;
    checks.refuse(both, format!("{place}: takes either cidr or addresses"));
    let wrong = !cidr.is_empty() && !text::is_ip_or_cidr(cidr);
    checks.refuse(wrong, format!("{place}.cidr: is not an address"));
    for (index, address) in view.at("addresses").texts().enumerate() {
        checks.refuse(
            !text::is_ip_or_cidr(address),
            format!("{place}.addresses[{index}]: is not an address"),
        );
    }
}

fn addressing(place: &str, device: View<'_>, members: &HashMap<&str, &str>, checks: &mut Checks) {
    let own = device.at("dhcp").flag()
        || !device.at("cidr").text().is_empty()
        || device.at("addresses").len() > 0
        || device.at("vip").is_set();
    let member = members.contains_key(device.at("interface").text());
    checks.refuse(
        member && own,
        format!("{place}: belongs to a bond or bridge and cannot have addresses of its own"),
    );
    addresses(place, device, checks);
    if !device.at("cidr").text().is_empty() {
        checks.warn(format!("{place}.cidr: is deprecated, use addresses"));
    }
    let vip = device.at("vip");
    checks.refuse(
        vip.is_set() && !text::is_ip(vip.at("ip").text()),
        format!("{place}.vip.ip: is not an address"),
    );
}

fn routes(place: &str, device: View<'_>, checks: &mut Checks) {
    for (index, route) in device.at("routes").items().enumerate() {
        let place = format!("{place}.routes[{index}]");
        let get = |key: &str| Some(route.at(key).text()).filter(|t| !t.is_empty());
        let (network, gateway) = (get("network"), get("gateway"));
        checks.refuse(
            network.is_some_and(|t| !text::is_cidr(t)),
            format!("{place}.network: is not a subnet"),
        );
        checks.refuse(
            gateway.is_some_and(|t| !text::is_ip(t)),
            format!("{place}.gateway: is not an address"),
        );
        checks.refuse(
            network.is_none() && gateway.is_none(),
            format!("{place}: needs a network or a gateway"),
        );
        checks.refuse(
            get("source").is_some_and(|t| !text::is_ip(t)),
            format!("{place}.source: is not an address"),
        );
    }
}

fn wireguard(place: &str, wireguard: View<'_>, checks: &mut Checks) {
    let key = wireguard.at("privateKey").text();
    checks.refuse(
        !text::is_wireguard_key(key),
        format!("{place}.privateKey: is not base64 of 32 bytes"),
    );
    for (index, peer) in wireguard.at("peers").items().enumerate() {
        let place = format!("{place}.peers[{index}]");
        let key = peer.at("publicKey").text();
        checks.refuse(
            !text::is_wireguard_key(key),
            format!("{place}.publicKey: is not base64 of 32 bytes"),
        );
        let endpoint = peer.at("endpoint").text();
        let wrong = !endpoint.is_empty() && !text::has_port(endpoint);
        checks.refuse(
            wrong,
            format!("{place}.endpoint: is not an address with a port"),
        );
        for allowed in peer.at("allowedIPs").texts() {
            checks.refuse(
                !text::is_cidr(allowed),
                format!("{place}.allowedIPs: {allowed} is not a subnet"),
            );
        }
    }
}
