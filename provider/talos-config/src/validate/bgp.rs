//! `BGPInstanceConfig`.

use std::collections::HashSet;

use super::report::Checks;
use super::text;
use super::view::View;
use crate::scalar::{Prefix, parse_prefix};

pub(super) fn check(view: View<'_>, checks: &mut Checks) {
    let name = view.at("name").text();
    checks.refuse(name.is_empty(), "name: is missing");
    checks.refuse(view.at("localASN").int() == 0, "localASN: is missing");
    let router = view.at("routerID").text();
    checks.refuse(
        !router.is_empty() && router.contains(':'),
        "routerID: must be an IPv4 address",
    );
    if view.at("neighbors").len() == 0 {
        checks.warn("neighbors: is empty");
    }
    let has_vrf = !view.at("vrf").text().is_empty();
    let mut seen = HashSet::new();
    for (index, neighbor) in view.at("neighbors").items().enumerate() {
        let place = format!("neighbors[{index}]");
        let keys = [neighbor.at("address").text(), neighbor.at("link").text()];
        let given: Vec<&str> = keys.into_iter().filter(|key| !key.is_empty()).collect();
        match given.as_slice() {
            [key] => checks.refuse(!seen.insert(*key), format!("{place}: {key} is there twice")),
            _ => checks.error(format!("{place}: needs either address or link")),
        }
        timing(&place, neighbor, has_vrf, checks);
    }
    imports(name, view, checks);
}

fn timing(place: &str, neighbor: View<'_>, has_vrf: bool, checks: &mut Checks) {
    text::refuse_negative(
        &format!("{place}.holdTime"),
        neighbor.at("holdTime"),
        checks,
    );
    let bfd = neighbor.at("bfd");
    if !bfd.is_set() {
        return;
    }
    checks.refuse(has_vrf, format!("{place}.bfd: not possible within a VRF"));
    for key in ["transmitInterval", "receiveInterval"] {
        text::refuse_negative(&format!("{place}.bfd.{key}"), bfd.at(key), checks);
    }
}

fn imports(name: &str, view: View<'_>, checks: &mut Checks) {
    let mut sources = HashSet::new();
    let mut earlier: Vec<Prefix> = Vec::new();
    for (index, route) in view.at("importRoutes").items().enumerate() {
        let place = format!("importRoutes[{index}]");
        let source = route.at("bgpInstance").text();
        if source.is_empty() {
            checks.error(format!("{place}.bgpInstance: is missing"));
        } else {
            checks.refuse(
                source == name,
                format!("{place}.bgpInstance: cannot be the instance itself"),
            );
            let twice = !sources.insert(source);
            checks.refuse(
                twice,
                format!("{place}.bgpInstance: '{source}' is there twice"),
            );
        }
        let prefixes = prefixes(&place, route, checks);
        for prefix in prefixes.iter().filter(|p| p.is_masked()) {
            for _ in earlier.iter().filter(|other| other.overlaps(prefix)) {
                checks.error(format!("{place}.prefixes: overlap with another source's"));
            }
        }
        earlier.extend(prefixes.into_iter().filter(Prefix::is_masked));
    }
}

/// The prefixes of one source, checked against each other.
fn prefixes(place: &str, route: View<'_>, checks: &mut Checks) -> Vec<Prefix> {
    let texts = route.at("prefixes");
    checks.refuse(texts.len() == 0, format!("{place}.prefixes: is empty"));
    let mut before: Vec<Prefix> = Vec::new();
    for (index, text) in texts.texts().enumerate() {
        let place = format!("{place}.prefixes[{index}]");
        let Some(prefix) = parse_prefix(text) else {
            checks.error(format!("{place}: is not a subnet"));
            continue;
        };
        checks.refuse(
            !prefix.is_masked(),
            format!("{place}: has bits beyond its length"),
        );
        for _ in before.iter().filter(|other| other.overlaps(&prefix)) {
            checks.error(format!("{place}: overlaps with an earlier one"));
        }
        before.push(prefix);
    }
    before
}
