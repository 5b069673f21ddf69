//! Documents about network links.

use super::report::Checks;
use super::view::View;
use super::{cel, text};
use crate::scalar::Url;

pub(super) fn named(document: View<'_>, checks: &mut Checks) {
    checks.refuse(document.at("name").text().is_empty(), "name: is missing");
}

/// What all links have: a name, addresses and routes.
pub(super) fn link(document: View<'_>, checks: &mut Checks) {
    named(document, checks);
    addressing("", document, checks);
}

fn addressing(place: &str, document: View<'_>, checks: &mut Checks) {
    for (index, item) in document.at("addresses").items().enumerate() {
        let address = item.at("address").text();
        let wrong = address.is_empty() || text::is_unspecified(address);
        checks.refuse(
            wrong,
            format!("{place}addresses[{index}].address: must be an address of its own"),
        );
    }
    for (index, route) in document.at("routes").items().enumerate() {
        for key in ["destination", "gateway", "source"] {
            let wrong = text::is_unspecified(route.at(key).text());
            checks.refuse(
                wrong,
                format!(
                    "{place}routes[{index}].{key}: must be an address: leave it out for all addresses"
                ),
            );
        }
    }
}

pub(super) fn bond(document: View<'_>, checks: &mut Checks) {
    link(document, checks);
    checks.refuse(
        document.at("links").len() == 0,
        "links: a bond needs at least one",
    );
    let mode = document.at("bondMode");
    checks.refuse(!mode.is_set(), "bondMode: is missing");
    if mode.text() == "802.3ad" {
        for key in ["miimon", "updelay", "downdelay"] {
            if !document.at(key).is_set() {
                checks.warn(format!(
                    "{key}: is not set, and an 802.3ad bond should have it"
                ));
            }
        }
    }
}

pub(super) fn vlan(document: View<'_>, checks: &mut Checks) {
    link(document, checks);
    checks.refuse(
        !(1..=4094).contains(&document.at("vlanID").int()),
        "vlanID: must be from 1 to 4094",
    );
    checks.refuse(
        document.at("parent").text().is_empty(),
        "parent: is missing",
    );
}

pub(super) fn wireguard(document: View<'_>, checks: &mut Checks) {
    link(document, checks);
    key("privateKey", document.at("privateKey").text(), true, checks);
    let port = document.at("listenPort").int();
    checks.refuse(
        !(0..=65535).contains(&port),
        "listenPort: must be from 0 to 65535",
    );
    for (index, peer) in document.at("peers").items().enumerate() {
        key(
            &format!("peers[{index}].publicKey"),
            peer.at("publicKey").text(),
            true,
            checks,
        );
        key(
            &format!("peers[{index}].presharedKey"),
            peer.at("presharedKey").text(),
            false,
            checks,
        );
        let negative = peer
            .at("persistentKeepaliveInterval")
            .text()
            .starts_with('-');
        checks.refuse(
            negative,
            format!("peers[{index}].persistentKeepaliveInterval: cannot be negative"),
        );
    }
}

fn key(place: &str, text: &str, required: bool, checks: &mut Checks) {
    if text.is_empty() {
        checks.refuse(required, format!("{place}: is missing"));
    } else {
        checks.refuse(
            !text::is_wireguard_key(text),
            format!("{place}: is not base64 of 32 bytes"),
        );
    }
}

pub(super) fn vrf(document: View<'_>, checks: &mut Checks) {
    link(document, checks);
    let reserved = matches!(
        document.at("table").text(),
        "" | "unspec" | "local" | "main" | "default"
    );
    checks.refuse(reserved, "table: must be one of its own, from 1 to 252");
}

pub(super) fn veth(document: View<'_>, checks: &mut Checks) {
    let peer = document.at("peer");
    let (name, other) = (document.at("name").text(), peer.at("name").text());
    for (place, name) in [("name", name), ("peer.name", other)] {
        if let Some(what) = link_name_fault(name) {
            checks.error(format!("{place}: {what}"));
        }
    }
    checks.refuse(
        !name.is_empty() && name == other,
        "peer.name: must be another name",
    );
    addressing("", document, checks);
    addressing("peer.", peer, checks);
}

/// What the kernel takes for a link's name.
fn link_name_fault(name: &str) -> Option<&'static str> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ':');
    match name {
        "" => Some("is missing"),
        "." | ".." => Some("must not be a dot"),
        name if name.len() > 15 => Some("is longer than 15 bytes"),
        name if name.contains(odd) => Some("has blanks, '/' or ':' in it"),
        _ => None,
    }
}

pub(super) fn routing_rule(document: View<'_>, checks: &mut Checks) {
    /// Those that the kernel and KubeSpan use.
    const RESERVED: [u32; 4] = [0, 32500, 32766, 32767];
    let name = document.at("name").text();
    checks.refuse(name.is_empty(), "name: is missing");
    let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let priority = if digits {
        name.parse::<u32>()
    } else {
        "".parse()
    };
    checks.refuse(priority.is_err(), "name: must be the priority, a number");
    // What is no number counts as 0, and what is too large as the greatest.
    let priority = priority.unwrap_or(if digits { u32::MAX } else { 0 });
    checks.refuse(
        RESERVED.contains(&priority),
        "name: this priority is in use by the system",
    );
    let table = matches!(document.at("table").text(), "" | "unspec");
    let action = matches!(document.at("action").text(), "" | "unspec" | "unicast");
    checks.refuse(
        table && action,
        "needs a table, or an action that needs none",
    );
    let mark = document.at("fwMask").int() != 0 && document.at("fwMark").int() == 0;
    checks.refuse(mark, "fwMask: needs fwMark");
}

pub(super) fn blackhole(document: View<'_>, checks: &mut Checks) {
    named(document, checks);
    let name = document.at("name").text();
    checks.refuse(!text::is_cidr(name), "name: must be the subnet");
}

/// What all probes have.
pub(super) fn probe(document: View<'_>, checks: &mut Checks) {
    named(document, checks);
    for key in ["timeout", "interval"] {
        text::refuse_negative(key, document.at(key), checks);
    }
    checks.refuse(
        document.at("failureThreshold").int() < 0,
        "failureThreshold: cannot be negative",
    );
}

pub(super) fn http_probe(document: View<'_>, checks: &mut Checks) {
    probe(document, checks);
    let text = document.at("url").text();
    let url = Url::parse(text).unwrap_or_default();
    if text.is_empty() {
        checks.error("url: is missing");
    } else if !matches!(url.scheme.as_str(), "http" | "https") {
        checks.error("url: must begin with http:// or https://");
    } else {
        checks.refuse(url.hostname().is_empty(), "url: has no host");
    }
}

pub(super) fn alias(document: View<'_>, checks: &mut Checks) {
    let name = document.at("name").text();
    named(document, checks);
    // Talos 1.13 and later number the links that match.
    if checks.line.from(13)
        && let Some((prefix, suffix)) = name.split_once('%')
    {
        checks.refuse(
            prefix.is_empty() || suffix != "d",
            "name: a pattern is a word with %d after it",
        );
    }
    cel::check(
        "selector.match",
        document,
        cel::link(checks.line),
        true,
        checks,
    );
}

pub(super) fn dhcp(document: View<'_>, checks: &mut Checks) {
    named(document, checks);
    let by_duid = document.at("clientIdentifier").text() == "duid";
    let has_duid = document.at("duidRaw").is_set();
    checks.refuse(
        by_duid != has_duid,
        "duidRaw: goes with clientIdentifier duid, and only with it",
    );
}

/// Addresses that machines share.
pub(super) fn vip(document: View<'_>, token: bool, checks: &mut Checks) {
    let name = document.at("name").text();
    checks.refuse(
        crate::scalar::parse_addr(name).is_none(),
        "name: must be the address",
    );
    checks.refuse(document.at("link").text().is_empty(), "link: is missing");
    checks.refuse(
        token && document.at("apiToken").text().is_empty(),
        "apiToken: is missing",
    );
}
