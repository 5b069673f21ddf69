//! Named formats: what a value of each looks like, and the words that refuse another.
//!
//! Texts and rules as recorded with PVE 9.2 unless a line says otherwise.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::proxmox::codec::{bytes_of, cpu, property_string};

/// Checks a value against a named format.
///
/// # Errors
/// The text after `invalid format - `, with its line end. A property string's own
/// problems carry `prefix` before each key.
pub(super) fn check(format: &str, value: &str, prefix: &str) -> Result<(), String> {
    if super::schema().formats.contains_key(format) {
        let parsed =
            property_string::parse(format, value).map_err(|problem| problem.text(prefix))?;
        return match format {
            "pve-vm-cpu-conf" => cpu::check(&parsed),
            _ => Ok(()),
        };
    }
    if let Some(element) = format.strip_suffix("-list") {
        return split_list(value).try_for_each(|item| check_one(element, item));
    }
    check_one(format, value)
}

/// Items of a list parameter.
pub(crate) fn split_list(value: &str) -> impl Iterator<Item = &str> {
    value
        .split([',', ';', ' ', '\t', '\n', '\0'])
        .filter(|item| !item.is_empty())
}

fn check_one(format: &str, value: &str) -> Result<(), String> {
    let fits = match format {
        "pve-vmid" => is_vmid(value),
        "pve-node" => is_host_name(value),
        "pve-bridge-id" => plain(value, "-_."),
        "mac-addr" => is_unicast_mac(value),
        "dns-name" => value
            .split('.')
            .all(|label| label.len() <= 64 && is_host_name(label)),
        "pve-configid" => is_config_id(value),
        "pve-storage-id" => is_storage_id(value),
        "pve-poolid" => !value.is_empty() && plain(value, "-_./"),
        "pve-volume-id" => is_volume_id(value),
        "pve-volume-id-or-qm-path" => {
            value.starts_with('/') || ["none", "cdrom"].contains(&value) || is_volume_id(value)
        }
        "pve-volume-id-or-absolute-path" => value.starts_with('/') || is_volume_id(value),
        "disk-size" => bytes_of(value).is_some(),
        "urlencoded" => value
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-_.!~*'()%".contains(character)),
        "pve-tag" => is_tag(value),
        "pve-cpuset" => is_cpu_set(value),
        "pve-startup-order" => is_startup(value),
        "ipv4" => value.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => value.parse::<Ipv6Addr>().is_ok(),
        "pve-ipv4-config" => value == "dhcp" || is_cidr::<Ipv4Addr>(value, 32),
        "pve-ipv6-config" => ["dhcp", "auto"].contains(&value) || is_cidr::<Ipv6Addr>(value, 128),
        "pve-qm-bootdev" => is_boot_device(value),
        "pve-storage-content" => CONTENT_TYPES.contains(&value),
        "pve-phys-bits" => {
            value == "host"
                || value
                    .parse()
                    .is_ok_and(|bits: u32| (8..=64).contains(&bits))
        }
        "pve-hotplug-features" => return hotplug(value),
        "pve-ha-resource-or-vm-id" | "pve-ha-resource-id" => is_ha_resource(value),
        _ => true,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{}\n", refusal(format, value)))
    }
}

/// Content types a storage may hold (storage documentation).
pub(crate) const CONTENT_TYPES: [&str; 8] = [
    "images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none",
];

fn refusal(format: &str, value: &str) -> String {
    let name = match format {
        "pve-vmid" => "VM ID",
        "pve-node" => "node name",
        "mac-addr" => "unicast MAC address",
        "dns-name" => "DNS name",
        "pve-poolid" => "pool name",
        "ipv4" => "IPv4 address",
        "ipv6" => "IPv6 address",
        "pve-ipv4-config" => "ipv4 network configuration",
        "pve-ipv6-config" => "ipv6 network configuration",
        "disk-size" => return format!("value does not look like a valid disk size: {value}"),
        "pve-bridge-id" => return format!("invalid bridge ID '{value}'"),
        "pve-configid" => return format!("invalid configuration ID '{value}'"),
        "pve-storage-id" => return format!("storage ID '{value}' contains illegal characters"),
        "urlencoded" => return format!("invalid urlencoded string: {value}"),
        "pve-tag" => return "invalid characters in tag".to_owned(),
        "pve-cpuset" => return "unable to parse cpuset option".to_owned(),
        "pve-startup-order" => return "unable to parse startup options".to_owned(),
        "pve-qm-bootdev" => return format!("invalid boot device '{value}'"),
        "pve-storage-content" => return format!("invalid content type '{value}'"),
        "pve-phys-bits" => return "value must be an integer between 8 and 64 or 'host'".to_owned(),
        _ if format.starts_with("pve-volume-id") => {
            return format!("unable to parse volume ID '{value}'");
        }
        _ => format,
    };
    format!("value does not look like a valid {name}")
}

fn is_vmid(value: &str) -> bool {
    (3..=9).contains(&value.len())
        && !value.starts_with('0')
        && value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host_name(value: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    edge(bytes.first()) && edge(bytes.last()) && plain(value, "-")
}

fn plain(value: &str, also: &str) -> bool {
    value.chars().all(|character| {
        (character.is_ascii_alphanumeric() || also.contains(character))
            && !character.is_whitespace()
    })
}

fn is_unicast_mac(value: &str) -> bool {
    let parts: Vec<&str> = value.split(':').collect();
    let bytes: Option<Vec<u8>> = parts
        .iter()
        .map(|part| {
            u8::from_str_radix(part, 16)
                .ok()
                .filter(|_| part.len() == 2)
        })
        .collect();
    bytes.is_some_and(|bytes| bytes.len() == 6 && bytes.first().is_some_and(|first| first & 1 == 0))
}

fn is_config_id(value: &str) -> bool {
    value.len() > 1
        && value.starts_with(|character: char| character.is_ascii_alphabetic())
        && plain(value, "-_")
}

fn is_storage_id(value: &str) -> bool {
    value.len() > 1
        && value.starts_with(|character: char| character.is_ascii_alphabetic())
        && value.ends_with(|character: char| character.is_ascii_alphanumeric())
        && plain(value, "-_.")
}

fn is_volume_id(value: &str) -> bool {
    value
        .split_once(':')
        .is_some_and(|(storage, name)| is_storage_id(storage) && !name.is_empty())
}

fn is_tag(value: &str) -> bool {
    let first = value.chars().next();
    first.is_some_and(|first| first.is_ascii_alphanumeric() || first == '_') && plain(value, "_-+.")
}

fn is_cpu_set(value: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    value.split(',').all(|part| match part.split_once('-') {
        Some((first, last)) => number(first)
            .zip(number(last))
            .is_some_and(|(first, last)| first <= last),
        None => number(part).is_some(),
    })
}

fn is_startup(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    value.split(',').all(|part| match part.split_once('=') {
        Some((key, number)) => ["order", "up", "down"].contains(&key) && digits(number),
        None => digits(part),
    })
}

fn is_cidr<A: std::str::FromStr>(value: &str, longest: u8) -> bool {
    value.split_once('/').is_some_and(|(address, prefix)| {
        address.parse::<A>().is_ok() && prefix.parse().is_ok_and(|prefix: u8| prefix <= longest)
    })
}

/// Devices that firmware can boot from: disks, network cards, passed-through devices.
fn is_boot_device(value: &str) -> bool {
    let bootable = ["ide", "sata", "scsi", "virtio", "net", "usb", "hostpci"];
    super::table::split_index(value).is_some_and(|(base, _)| bootable.contains(&base))
        && super::schema().option(value).is_some()
}

fn hotplug(value: &str) -> Result<(), String> {
    if ["0", "1"].contains(&value) {
        return Ok(());
    }
    let known = ["network", "disk", "cpu", "memory", "usb", "cloudinit"];
    match split_list(value).find(|feature| !known.contains(feature)) {
        Some(other) => Err(format!("invalid hotplug feature '{other}'\n")),
        None => Ok(()),
    }
}

fn is_ha_resource(value: &str) -> bool {
    value
        .strip_prefix("vm:")
        .or_else(|| value.strip_prefix("ct:"))
        .unwrap_or(value)
        .parse::<u32>()
        .is_ok()
}

/// CPU models that QEMU of PVE 9.2 knows, with their vendors (recorded with PVE 9.2).
pub(crate) fn cpu_types() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("cpu-types.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
}
