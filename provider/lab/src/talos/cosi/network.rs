//! Resources of the network.

use serde_json::json;

use super::Content;
use crate::talos::machine::{Link, Machine, Run};

pub(super) fn contents(machine: &Machine) -> Vec<Content> {
    let Some(run) = machine
        .run
        .as_ref()
        .filter(|run| !run.network.hostname.is_empty())
    else {
        return Vec::new();
    };
    let ready = json!({ "addressReady": true, "connectivityReady": true, "hostnameReady": true, "etcFilesReady": true });
    let hostname = json!({ "hostname": run.network.hostname, "domainname": "" });
    let mut all = vec![
        Content::new("NetworkStatuses.net.talos.dev", "status", ready),
        Content::new("HostnameStatuses.net.talos.dev", "hostname", hostname),
        loopback(),
    ];
    let links = machine.hardware.links.iter().enumerate();
    all.extend(links.map(|(index, one)| link(index, one)));
    all.extend(addresses(run));
    all
}

/// `NodeAddresses`: the default one first, shared ones among the others.
fn addresses(run: &Run) -> Vec<Content> {
    let mut every: Vec<String> = run
        .network
        .sorted()
        .iter()
        .map(ToString::to_string)
        .collect();
    every.extend(run.vips.iter().map(|vip| {
        let length = if vip.is_ipv4() { 32 } else { 128 };
        format!("{vip}/{length}")
    }));
    let default = run.network.default_address();
    let default: Vec<String> = default.iter().map(ToString::to_string).collect();
    let content = |id: &str, addresses: &[String]| {
        let spec = json!({ "addresses": addresses, "sortAlgorithm": "v1" });
        Content::new("NodeAddresses.net.talos.dev", id, spec)
    };
    let own = run.network.addresses.iter().map(|(link, prefix)| {
        let family = if prefix.address.is_ipv4() { "inet4" } else { "inet6" };
        let spec = json!({
            "address": prefix.to_string(), "linkName": link, "family": family, "scope": "global", "flags": "permanent",
        });
        Content::new("AddressStatuses.net.talos.dev", &format!("{link}/{prefix}"), spec)
    });
    let mut all: Vec<Content> = own.collect();
    all.push(content("default", &default));
    for id in ["current", "routed", "accumulative"] {
        all.push(content(id, &every));
    }
    all
}

fn link(index: usize, link: &Link) -> Content {
    let spec = json!({
        "index": index + 2,
        "type": "ether",
        "linkIndex": 0,
        "flags": if link.up { "UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP" } else { "UP,BROADCAST,MULTICAST" },
        "hardwareAddr": link.mac,
        "permanentAddr": link.mac,
        "broadcastAddr": "ff:ff:ff:ff:ff:ff",
        "mtu": 1500,
        "queueDisc": "pfifo_fast",
        "operationalState": if link.up { "up" } else { "down" },
        "kind": "",
        "slaveKind": "",
        "driver": "virtio_net",
        "linkState": link.up,
        "port": "Other",
        "duplex": "Unknown",
    });
    Content::new("LinkStatuses.net.talos.dev", &link.name, spec)
}

fn loopback() -> Content {
    let spec = json!({
        "index": 1, "type": "loopback", "linkIndex": 0, "flags": "UP,LOOPBACK,RUNNING,LOWER_UP",
        "hardwareAddr": "00:00:00:00:00:00", "permanentAddr": "", "broadcastAddr": "00:00:00:00:00:00",
        "mtu": 65536,
        "queueDisc": "noqueue", "operationalState": "unknown", "kind": "", "slaveKind": "",
        "linkState": true, "port": "Other", "duplex": "Unknown",
    });
    Content::new("LinkStatuses.net.talos.dev", "lo", spec)
}
