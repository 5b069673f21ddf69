//! The subnets of pods and services.

use super::report::Checks;
use super::view::View;
use crate::scalar::parse_prefix;

/// A subnet must leave at least so many bits to its hosts.
const LEAST_HOST_BITS: i128 = 4;
/// A subnet of services may leave at most so many.
const MOST_SERVICE_BITS: i128 = 20;
/// A subnet of pods may hold so many bits' worth of nodes.
const MOST_NODE_BITS: i128 = 16;

/// Prefix lengths of the part that each node gets; `None` where what is set is none.
struct NodeParts {
    v4: Option<i128>,
    v6: Option<i128>,
}

pub(super) fn check(view: View<'_>, checks: &mut Checks) {
    let part = |key: &str, most: i128, default: i128| match view.at(key).int() {
        0 => Some(default),
        bits => (1..=most).contains(&bits).then_some(bits),
    };
    let parts = NodeParts {
        v4: part("nodeCIDRMaskSizeIPv4", 32, 24),
        v6: part("nodeCIDRMaskSizeIPv6", 128, 64),
    };
    checks.refuse(
        parts.v4.is_none(),
        "nodeCIDRMaskSizeIPv4: must be from 1 to 32",
    );
    checks.refuse(
        parts.v6.is_none(),
        "nodeCIDRMaskSizeIPv6: must be from 1 to 128",
    );
    let pods = |subnet: &Subnet| pod_fault(subnet, &parts);
    for (key, fault) in [
        ("podSubnets", subnets_fault(view.at("podSubnets"), &pods)),
        (
            "serviceSubnets",
            subnets_fault(view.at("serviceSubnets"), &service_fault),
        ),
    ] {
        if let Some(what) = fault {
            checks.error(format!("{key}: {what}"));
        }
    }
    checks.refuse(
        view.at("podSubnets").len() != view.at("serviceSubnets").len(),
        "there must be as many podSubnets as serviceSubnets",
    );
}

struct Subnet {
    bits: i128,
    length: i128,
    is_v6: bool,
}

fn subnets_fault(
    list: View<'_>,
    fault: &dyn Fn(&Subnet) -> Option<&'static str>,
) -> Option<&'static str> {
    match list.len() {
        0 => return Some("is empty"),
        1 | 2 => {}
        _ => return Some("can have two at most, one IPv4 and one IPv6"),
    }
    let mut count = [0, 0];
    for text in list.texts() {
        let Some(subnet) = read(text) else {
            return Some("has what is not a subnet, or has bits beyond its length");
        };
        if subnet.length - subnet.bits < LEAST_HOST_BITS {
            return Some("has a subnet that is too small");
        }
        if let Some(what) = fault(&subnet) {
            return Some(what);
        }
        count[usize::from(subnet.is_v6)] += 1;
    }
    (count.iter().any(|n| *n > 1)).then_some("can have one IPv4 and one IPv6 subnet")
}

/// A prefix without bits set beyond its length.
fn read(text: &str) -> Option<Subnet> {
    let prefix = parse_prefix(text)?;
    let length = if prefix.addr.is_ipv6() { 128 } else { 32 };
    prefix.is_masked().then_some(Subnet {
        bits: prefix.bits.into(),
        length,
        is_v6: prefix.addr.is_ipv6(),
    })
}

fn pod_fault(subnet: &Subnet, parts: &NodeParts) -> Option<&'static str> {
    let part = if subnet.is_v6 { parts.v6 } else { parts.v4 }?;
    if subnet.bits > part {
        Some("has a subnet that is smaller than the part of one node")
    } else if part - subnet.bits > MOST_NODE_BITS {
        Some("has a subnet that is too large for the parts of the nodes")
    } else {
        None
    }
}

fn service_fault(subnet: &Subnet) -> Option<&'static str> {
    (subnet.length - subnet.bits > MOST_SERVICE_BITS).then_some("has a subnet that is too large")
}
