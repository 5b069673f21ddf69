//! What a configuration says of the network: `machine.network.interfaces`, and the documents that
//! took its place (LinkConfig, VLANConfig, Layer2VIPConfig).

use std::fmt;
use std::net::IpAddr;

use serde_json::Value;

use super::Config;

/// An address with the length of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Prefix {
    /// The address.
    pub address: IpAddr,
    /// Bits.
    pub length: u8,
}

impl Prefix {
    /// `10.0.0.1/24`; without a length the whole address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text
            .split_once('/')
            .map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) => length.parse().ok().filter(|length| *length <= all)?,
            None => all,
        };
        Some(Self { address, length })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// What is set on an interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Its name, where it is meant by it.
    pub name: Option<String>,
    /// Its MAC address in lower case, where it is meant by that.
    pub mac: Option<String>,
    /// Addresses, of its VLANs, too.
    pub addresses: Vec<Prefix>,
    /// Whether it asks for addresses.
    pub dhcp: bool,
}

pub(super) fn interfaces(config: &Config) -> Vec<Interface> {
    let old = config
        .at("/machine/network/interfaces")
        .and_then(Value::as_array);
    let old = old.into_iter().flatten().map(old_interface);
    let links = [
        "LinkConfig",
        "VLANConfig",
        "DummyLinkConfig",
        "BondConfig",
        "BridgeConfig",
    ];
    let new = links.iter().flat_map(|kind| config.of_kind(kind));
    let dhcp = ["DHCPv4Config", "DHCPv6Config"];
    let asks = dhcp.iter().flat_map(|kind| config.of_kind(kind));
    old.chain(new.map(new_interface))
        .chain(asks.map(|document| Interface {
            dhcp: true,
            ..named(document)
        }))
        .collect()
}

fn old_interface(entry: &Value) -> Interface {
    let mut addresses = prefixes(&entry["addresses"]);
    // The oldest spelling.
    addresses.extend(entry["cidr"].as_str().and_then(Prefix::parse));
    for vlan in entry["vlans"].as_array().into_iter().flatten() {
        addresses.extend(prefixes(&vlan["addresses"]));
    }
    let mac = entry["deviceSelector"]["hardwareAddr"].as_str();
    Interface {
        name: entry["interface"].as_str().map(str::to_owned),
        mac: mac.map(str::to_lowercase),
        dhcp: entry["dhcp"] == true,
        addresses,
    }
}

fn prefixes(value: &Value) -> Vec<Prefix> {
    let values = value.as_array().into_iter().flatten();
    values
        .filter_map(|one| Prefix::parse(one.as_str()?))
        .collect()
}

fn new_interface(document: &Value) -> Interface {
    let addresses = document["addresses"].as_array().into_iter().flatten();
    Interface {
        addresses: addresses
            .filter_map(|one| Prefix::parse(one["address"].as_str()?))
            .collect(),
        ..named(document)
    }
}

fn named(document: &Value) -> Interface {
    Interface {
        name: document["name"].as_str().map(str::to_owned),
        ..Interface::default()
    }
}

pub(super) fn vips(config: &Config) -> Vec<IpAddr> {
    let interfaces = config
        .at("/machine/network/interfaces")
        .and_then(Value::as_array);
    let old = interfaces.into_iter().flatten().flat_map(|entry| {
        let vlans = entry["vlans"].as_array().into_iter().flatten();
        let own = std::iter::once(entry).chain(vlans);
        own.filter_map(|one| one["vip"]["ip"].as_str())
    });
    let new = config.of_kind("Layer2VIPConfig");
    let new = new.filter_map(|document| document["name"].as_str());
    let mut found: Vec<IpAddr> = old
        .chain(new)
        .filter_map(|text| text.parse().ok())
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talos::config::testing::config;

    #[test]
    fn interfaces_and_shared_addresses_are_found() {
        let more = "        interfaces:
            - interface: ens18
              addresses: [10.101.0.11/24, 'fd00:101::11/64']
              vip: { ip: 'fd00:101::10' }
              vlans: [{ vlanId: 30, addresses: [10.30.0.2/24] }]
            - deviceSelector: { hardwareAddr: 'BC:24:11:00:00:01' }
              dhcp: true
";
        let text = config("controlplane", "")
            .text
            .replace("    network: {}\n", &format!("    network:\n{more}"));
        let config = Config::parse(&format!("{text}---\napiVersion: v1alpha1\nkind: Layer2VIPConfig\nname: 10.101.0.10\nlink: ens18\n---\napiVersion: v1alpha1\nkind: LinkConfig\nname: ens19\naddresses: [{{ address: 10.9.0.1/24 }}]\n")).unwrap();
        let found = config.interfaces();
        assert_eq!(found.len(), 3);
        let texts: Vec<String> = found[0].addresses.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.101.0.11/24", "fd00:101::11/64", "10.30.0.2/24"]);
        assert_eq!(found[1].mac.as_deref(), Some("bc:24:11:00:00:01"));
        assert!(found[1].dhcp);
        assert_eq!(found[2].name.as_deref(), Some("ens19"));
        let vips: Vec<String> = config.vips().iter().map(ToString::to_string).collect();
        assert_eq!(vips, ["10.101.0.10", "fd00:101::10"]);
    }

    #[test]
    fn prefixes_are_checked() {
        assert_eq!(
            Prefix::parse("10.0.0.1").unwrap().to_string(),
            "10.0.0.1/32"
        );
        assert!(Prefix::parse("10.0.0.1/33").is_none());
        assert!(Prefix::parse("x/8").is_none());
    }
}
