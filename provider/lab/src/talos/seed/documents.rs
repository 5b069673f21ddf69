//! The documents of a seed.

use serde_json::Value;

/// A card as `network-config` sets it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Card {
    /// The name that it has there.
    pub name: String,
    /// MAC address in lower case; a card without one is meant by its name.
    pub mac: Option<String>,
    /// Addresses with prefix length, of its VLANs, too.
    pub addresses: Vec<String>,
    /// Whether it asks for an address.
    pub dhcp: bool,
    /// Largest packet.
    pub mtu: Option<u64>,
}

/// `local-hostname` of `meta-data`, or `hostname`.
pub(super) fn hostname(text: &str) -> Option<String> {
    let document: Value = serde_saphyr::from_str(text).ok()?;
    let named = |key: &str| document.get(key)?.as_str().map(str::to_owned);
    named("local-hostname")
        .or_else(|| named("hostname"))
        .filter(|name| !name.is_empty())
}

/// A configuration; what begins with `#cloud-config` or is empty is none.
pub(super) fn config(text: &str) -> Option<String> {
    let none = text.trim().is_empty() || text.starts_with("#cloud-config");
    (!none).then(|| text.to_owned())
}

/// The cards of a document of version 1 or 2.
pub(super) fn cards(text: &str) -> Vec<Card> {
    let document: Value = serde_saphyr::from_str(text).unwrap_or_default();
    // Version 2 may stand below a key of its own.
    let document = document.get("network").unwrap_or(&document);
    match document["version"].as_u64() {
        Some(1) => first(document),
        Some(2) => second(document),
        _ => Vec::new(),
    }
}

fn first(document: &Value) -> Vec<Card> {
    let entries = document["config"].as_array().into_iter().flatten();
    let physical = entries.filter(|entry| entry["type"] == "physical");
    let card = |entry: &Value| {
        let mut card = Card {
            name: text(&entry["name"]).unwrap_or_default(),
            mac: text(&entry["mac_address"]).map(|mac| mac.to_lowercase()),
            mtu: entry["mtu"].as_u64(),
            ..Card::default()
        };
        for subnet in entry["subnets"].as_array().into_iter().flatten() {
            match subnet["type"].as_str().unwrap_or_default() {
                "dhcp" | "dhcp4" | "dhcp6" => card.dhcp = true,
                "static" | "static6" => card.addresses.extend(with_length(subnet)),
                _ => {}
            }
        }
        card
    };
    physical.map(card).collect()
}

/// An address beside its netmask, or with its length.
fn with_length(subnet: &Value) -> Option<String> {
    let address = text(&subnet["address"])?;
    if address.contains('/') {
        return Some(address);
    }
    let mask: Option<std::net::Ipv4Addr> = text(&subnet["netmask"])?.parse().ok();
    let length = mask.map(|mask| u32::from(mask).count_ones())?;
    Some(format!("{address}/{length}"))
}

fn second(document: &Value) -> Vec<Card> {
    let cards = document["ethernets"].as_object().into_iter().flatten();
    let mut found: Vec<Card> = cards.map(|(name, entry)| ethernet(name, entry)).collect();
    for vlan in document["vlans"].as_object().into_iter().flatten() {
        let under = text(&vlan.1["link"]);
        let card = found
            .iter_mut()
            .find(|card| Some(&card.name) == under.as_ref());
        if let Some(card) = card {
            card.addresses.extend(texts(&vlan.1["addresses"]));
        }
    }
    found
}

fn ethernet(name: &str, entry: &Value) -> Card {
    let on = |key: &str| {
        let value = &entry[key];
        value == &Value::Bool(true) || value == "yes" || value == "true"
    };
    Card {
        name: name.to_owned(),
        mac: text(&entry["match"]["macaddress"]).map(|mac| mac.to_lowercase()),
        addresses: texts(&entry["addresses"]),
        dhcp: on("dhcp4") || on("dhcp6"),
        mtu: entry["mtu"].as_u64(),
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values.filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_give_the_same_cards() {
        let two = "
version: 2
ethernets:
  net0:
    match: { macaddress: \"BC:24:11:00:00:01\" }
    addresses: [\"10.101.0.11/24\", \"fd00:101::11/64\"]
    mtu: 1450
";
        let one = "
version: 1
config:
  - type: physical
    name: net0
    mac_address: \"bc:24:11:00:00:01\"
    mtu: 1450
    subnets:
      - { type: static, address: 10.101.0.11, netmask: 255.255.255.0 }
      - { type: static6, address: \"fd00:101::11/64\" }
  - { type: nameserver, address: [10.0.0.1] }
";
        let wanted = Card {
            name: "net0".to_owned(),
            mac: Some("bc:24:11:00:00:01".to_owned()),
            addresses: vec!["10.101.0.11/24".to_owned(), "fd00:101::11/64".to_owned()],
            dhcp: false,
            mtu: Some(1450),
        };
        assert_eq!(cards(two), std::slice::from_ref(&wanted));
        assert_eq!(cards(one), [wanted]);
    }

    #[test]
    fn addresses_of_vlans_belong_to_their_card() {
        let text = "
network:
  version: 2
  ethernets: { net0: { dhcp4: true } }
  vlans: { net0.30: { id: 30, link: net0, addresses: [10.30.0.2/24] } }
";
        let found = cards(text);
        assert!(found[0].dhcp);
        assert_eq!(found[0].addresses, ["10.30.0.2/24"]);
    }

    #[test]
    fn a_document_of_cloud_init_is_no_configuration() {
        assert_eq!(config("#cloud-config\n"), None);
        assert_eq!(config(" \n"), None);
        assert_eq!(
            config("version: v1alpha1\n").as_deref(),
            Some("version: v1alpha1\n")
        );
        assert_eq!(
            hostname("instance-id: a\nlocal-hostname: cp01\n").as_deref(),
            Some("cp01")
        );
        assert_eq!(hostname(""), None);
    }
}
