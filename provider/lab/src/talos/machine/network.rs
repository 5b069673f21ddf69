//! Names and addresses of a machine: its configuration, the seed, and what the lab's DHCP gives.
//! The layers are Talos': configuration over operator over platform over default.

use std::net::{IpAddr, Ipv4Addr};

use sha2::{Digest, Sha256};

use super::hardware::{Hardware, Link};
use crate::talos::config::{Config, Interface, Prefix};

/// What a machine goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Network {
    pub hostname: String,
    /// By link, in order.
    pub addresses: Vec<(String, Prefix)>,
}

impl Network {
    /// The network of a machine with this configuration, or without one.
    pub(crate) fn of(hardware: &Hardware, config: Option<&Config>, node_id: &str) -> Self {
        let interfaces = config.map(Config::interfaces).unwrap_or_default();
        let mut addresses: Vec<(String, Prefix)> = Vec::new();
        for link in hardware.links.iter().filter(|link| link.up) {
            let mut own = configured(&interfaces, link);
            let asks = asks(&interfaces, link);
            let (seeded, seed_asks) = seeded(hardware, link);
            own.extend(seeded);
            own.extend(link.given.iter().filter_map(|text| Prefix::parse(text)));
            // A link that nobody says anything of asks for an address.
            if own.is_empty() || asks || seed_asks {
                own.push(lease(&link.mac));
            }
            addresses.extend(own.into_iter().map(|prefix| (link.name.clone(), prefix)));
        }
        // Links that are made, such as dummy0.
        let made = interfaces.iter().filter(|interface| {
            let physical = |link: &Link| meant(interface, link);
            !hardware.links.iter().any(physical)
        });
        for interface in made {
            let name = interface.name.clone().unwrap_or_default();
            let own = interface.addresses.iter();
            addresses.extend(own.map(|prefix| (name.clone(), *prefix)));
        }
        let mut seen = Vec::new();
        addresses.retain(|(_, prefix)| {
            let new = !seen.contains(&prefix.address);
            seen.push(prefix.address);
            new
        });
        Self {
            hostname: hostname(hardware, config, node_id),
            addresses,
        }
    }

    /// The first address, IPv4 before IPv6 as Talos sorts them.
    pub(crate) fn default_address(&self) -> Option<Prefix> {
        self.sorted().first().copied()
    }

    /// All addresses in Talos' order.
    pub(crate) fn sorted(&self) -> Vec<Prefix> {
        let mut all: Vec<Prefix> = self.addresses.iter().map(|(_, prefix)| *prefix).collect();
        all.sort();
        all
    }
}

fn meant(interface: &Interface, link: &Link) -> bool {
    interface.name.as_ref() == Some(&link.name)
        || interface.mac.as_ref().is_some_and(|mac| *mac == link.mac)
}

fn configured(interfaces: &[Interface], link: &Link) -> Vec<Prefix> {
    let own = interfaces.iter().filter(|interface| meant(interface, link));
    own.flat_map(|interface| interface.addresses.clone())
        .collect()
}

fn asks(interfaces: &[Interface], link: &Link) -> bool {
    let mut own = interfaces.iter().filter(|interface| meant(interface, link));
    own.any(|interface| interface.dhcp)
}

fn seeded(hardware: &Hardware, link: &Link) -> (Vec<Prefix>, bool) {
    let cards = hardware.seed.iter().flat_map(|seed| &seed.cards);
    let mut own = cards.filter(|card| match &card.mac {
        Some(mac) => *mac == link.mac,
        None => card.name == link.name,
    });
    own.next().map_or_else(Default::default, |card| {
        let addresses = card.addresses.iter();
        let addresses = addresses.filter_map(|text| Prefix::parse(text));
        (addresses.collect(), card.dhcp)
    })
}

/// The address that the lab's DHCP server gives to a card: always the same, in 198.18.0.0/15,
/// which nobody else uses (RFC 2544).
fn lease(mac: &str) -> Prefix {
    let digest = Sha256::digest(mac.as_bytes());
    let (third, fourth) = (digest[0], digest[1].clamp(2, 253));
    Prefix {
        address: IpAddr::V4(Ipv4Addr::new(198, 18 + (digest[2] & 1), third, fourth)),
        length: 15,
    }
}

fn hostname(hardware: &Hardware, config: Option<&Config>, node_id: &str) -> String {
    let configured = config.and_then(Config::hostname);
    let seeded = hardware
        .seed
        .as_ref()
        .and_then(|seed| seed.hostname.as_deref());
    match configured.or(seeded) {
        // The domain is apart from the host's name.
        Some(name) => name.split('.').next().unwrap_or_default().to_owned(),
        None => stable(node_id),
    }
}

/// The name that a machine has by itself: two groups of three signs from its identity. Which
/// signs the real one takes is of no matter to anybody.
fn stable(node_id: &str) -> String {
    const SIGNS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digest = Sha256::digest(node_id.as_bytes());
    let sign = |byte: &u8| char::from(SIGNS[usize::from(*byte) % SIGNS.len()]);
    let signs: String = digest.iter().take(6).map(sign).collect();
    let (one, two) = signs.split_at(3);
    format!("talos-{one}-{two}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talos::machine::Metal;
    use crate::talos::seed::{Card, Seed};
    use serde_json::json;

    fn hardware() -> Hardware {
        let metal = json!({ "name": "m", "links": ["ens18", "ens19"] });
        Metal::read(&metal).unwrap().hardware(1)
    }

    fn texts(network: &Network) -> Vec<String> {
        let all = network.addresses.iter();
        all.map(|(link, prefix)| format!("{link} {prefix}"))
            .collect()
    }

    #[test]
    fn a_link_that_nobody_speaks_of_gets_a_lease() {
        let network = Network::of(&hardware(), None, "id");
        assert_eq!(network.addresses.len(), 2);
        assert!(texts(&network)[0].starts_with("ens18 198.1"));
        assert_eq!(network, Network::of(&hardware(), None, "id"));
        assert!(network.hostname.starts_with("talos-"));
    }

    #[test]
    fn seed_and_configuration_add_up() {
        let mut hardware = hardware();
        hardware.links.pop();
        let card = Card {
            mac: Some(hardware.links[0].mac.clone()),
            addresses: vec!["10.101.0.11/24".to_owned()],
            ..Card::default()
        };
        hardware.seed = Some(Seed {
            hostname: Some("seeded".to_owned()),
            cards: vec![card],
            config: None,
        });
        let alone = Network::of(&hardware, None, "id");
        assert_eq!(
            (texts(&alone), alone.hostname.as_str()),
            (vec!["ens18 10.101.0.11/24".to_owned()], "seeded")
        );
        let text = "machine:\n  type: worker\n  network:\n    hostname: wk.example\n    interfaces:\n      - { interface: ens18, addresses: [10.101.0.11/24, 'fd00::1/64'] }\n      - { interface: dummy0, addresses: [10.101.254.1/32] }\n";
        let config = Config::parse(text).unwrap();
        let both = Network::of(&hardware, Some(&config), "id");
        assert_eq!(
            texts(&both),
            [
                "ens18 10.101.0.11/24",
                "ens18 fd00::1/64",
                "dummy0 10.101.254.1/32"
            ]
        );
        assert_eq!(both.hostname, "wk");
        assert_eq!(
            both.default_address().unwrap().to_string(),
            "10.101.0.11/24"
        );
    }
}
