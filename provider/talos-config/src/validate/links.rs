//! Documents about network links.

use super::report::Checks;
use super::text;
use super::view::View;

pub(super) fn named(document: View<'_>, checks: &mut Checks) {
    checks.refuse(document.at("name").text().is_empty(), "name: is missing");
}

/// What all links have: a name, addresses and routes.
pub(super) fn link(document: View<'_>, checks: &mut Checks) {
    named(document, checks);
    for (index, item) in document.at("addresses").items().enumerate() {
        let address = item.at("address").text();
        let wrong = address.is_empty() || text::is_unspecified(address);
        checks.refuse(
            wrong,
            format!("addresses[{index}].address: must be an address of its own"),
        );
    }
    for (index, route) in document.at("routes").items().enumerate() {
        for key in ["destination", "gateway", "source"] {
            let wrong = text::is_unspecified(route.at(key).text());
            checks.refuse(
                wrong,
                format!(
                    "routes[{index}].{key}: must be an address: leave it out for all addresses"
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
