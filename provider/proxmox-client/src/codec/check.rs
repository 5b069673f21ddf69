//! What a value may be.

use super::boot::BootOrder;
use super::size::Size;

/// The type of a value.
#[derive(Debug)]
pub(super) enum Kind {
    Bool,
    Int(i64, i64),
    Number,
    Enum(&'static [&'static str]),
    /// Anything up to that many characters.
    Text(usize),
    /// What the function takes, and how it is called in messages.
    Form(fn(&str) -> bool, &'static str),
    /// Written in the largest unit that is exact.
    DiskSize,
}

impl Kind {
    /// The value as it is kept, or why it is none.
    pub fn read(&self, text: &str) -> Result<String, String> {
        match self {
            Kind::Bool => match text {
                "1" | "on" | "yes" | "true" => Ok("1".to_owned()),
                "0" | "off" | "no" | "false" => Ok("0".to_owned()),
                _ => Err(format!("{text:?} is neither 1 nor 0")),
            },
            Kind::Int(least, most) => match text.parse::<i64>() {
                Ok(number) if (*least..=*most).contains(&number) => Ok(text.to_owned()),
                Ok(_) => Err(format!("{text} is not between {least} and {most}")),
                Err(_) => Err(format!("{text:?} is not a whole number")),
            },
            Kind::Number => match text.parse::<f64>() {
                Ok(number) if number >= 0.0 => Ok(text.to_owned()),
                _ => Err(format!("{text:?} is not a number")),
            },
            Kind::Enum(allowed) if allowed.contains(&text) => Ok(text.to_owned()),
            Kind::Enum(allowed) => Err(format!("{text:?} is not one of {}", allowed.join(", "))),
            Kind::Text(longest) if text.chars().count() <= *longest => Ok(text.to_owned()),
            Kind::Text(longest) => Err(format!("it has more than {longest} characters")),
            Kind::Form(fits, _) if fits(text) => Ok(text.to_owned()),
            Kind::Form(_, name) => Err(format!("{text:?} is not {name}")),
            Kind::DiskSize => match Size::parse(text) {
                Some(size) => Ok(size.to_string()),
                None => Err(format!("{text:?} is not a size such as 32G")),
            },
        }
    }
}

/// Six bytes in hexadecimal, the first one even: the address of one interface.
pub(super) fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let byte = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    let unicast = || u8::from_str_radix(parts[0], 16).is_ok_and(|first| first & 1 == 0);
    parts.len() == 6 && parts.iter().all(byte) && unicast()
}

/// A bridge or virtual network.
pub(super) fn is_bridge(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inner)
}

/// `1;2;5-7`.
pub(super) fn is_trunks(text: &str) -> bool {
    text.split(';').all(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        is_digits(from) && is_digits(to)
    })
}

/// `storage:name`, `none`, `cdrom` or an absolute path.
pub(super) fn is_volume(text: &str) -> bool {
    matches!(text, "none" | "cdrom") || text.starts_with('/') || is_volume_id(text)
}

/// `storage:name`.
pub(super) fn is_volume_id(text: &str) -> bool {
    let Some((storage, name)) = text.split_once(':') else {
        return false;
    };
    is_storage(storage) && !name.is_empty() && !name.chars().any(char::is_whitespace)
}

/// Where an import comes from.
pub(super) fn is_import(text: &str) -> bool {
    text.starts_with('/') || is_volume_id(text)
}

/// Name of a storage.
pub(super) fn is_storage(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(inner)
}

/// Name of a mapping.
pub(super) fn is_config_id(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.len() > 1 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(inner)
}

/// `0000:01:00.0`, without domain or function if need be, several joined by `;`.
pub(super) fn is_pci(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit())
    };
    text.split(';').all(|device| {
        let (address, function) = device
            .split_once('.')
            .map_or((device, None), |(a, f)| (a, Some(f)));
        let parts: Vec<&str> = address.split(':').collect();
        let address = match parts.as_slice() {
            [bus, device] => hex(bus, 2) && hex(device, 2),
            [domain, bus, device] => hex(domain, 4) && hex(bus, 2) && hex(device, 2),
            _ => false,
        };
        address && function.is_none_or(|function| hex(function, 1))
    })
}

/// `1234:5678`, `1-1.2` or `spice`.
pub(super) fn is_usb(text: &str) -> bool {
    let id = |part: &str| {
        let part = part.strip_prefix("0x").unwrap_or(part);
        part.len() == 4 && part.bytes().all(|b| b.is_ascii_hexdigit())
    };
    text.eq_ignore_ascii_case("spice")
        || text
            .split_once(':')
            .is_some_and(|(vendor, product)| id(vendor) && id(product))
        || text
            .split_once('-')
            .is_some_and(|(bus, port)| is_digits(bus) && port.split('.').all(is_digits))
}

/// `0x` and four digits.
pub(super) fn is_pci_id(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `q35`, `pc`, `virt`, or one of these with a version.
pub(super) fn is_machine(text: &str) -> bool {
    let bare = text.strip_suffix(".pxe").unwrap_or(text);
    let (bare, pve) = bare
        .split_once("+pve")
        .map_or((bare, None), |(a, b)| (a, Some(b)));
    let version = |text: &str| text.split('.').count() > 1 && text.split('.').all(is_digits);
    if !pve.is_none_or(is_digits) || text.len() > 40 {
        return false;
    }
    let prefixes = ["pc-i440fx-", "pc-q35-", "pc-", "virt-"];
    (matches!(bare, "pc" | "q35" | "virt") && bare == text)
        || prefixes
            .iter()
            .any(|prefix| bare.strip_prefix(prefix).is_some_and(version))
}

/// A cpu type and what may stand in its place; the host knows which ones exist.
pub(super) fn is_cpu(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.chars().all(inner)
}

/// `+aes;-pcid`.
pub(super) fn is_cpu_flags(text: &str) -> bool {
    let flag = |part: &str| {
        let name = part.strip_prefix(['+', '-']).unwrap_or_default();
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    text.split(';').all(flag)
}

/// `host`, or 8 to 64.
pub(super) fn is_phys_bits(text: &str) -> bool {
    text == "host"
        || text
            .parse::<u32>()
            .is_ok_and(|bits| (8..=64).contains(&bits))
}

/// A UUID, in either case.
pub(super) fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// What base64 is written with: the only characters that these values may have, encoded or not.
pub(super) fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    !bare.is_empty() && text.len() - bare.len() <= 2 && bare.bytes().all(inner)
}

/// `dhcp`, or an IPv4 address with prefix length.
pub(super) fn is_ipconfig4(text: &str) -> bool {
    text == "dhcp"
        || cidr(text, 32, |address| {
            address.parse::<std::net::Ipv4Addr>().is_ok()
        })
}

/// `dhcp`, `auto`, or an IPv6 address with prefix length.
pub(super) fn is_ipconfig6(text: &str) -> bool {
    matches!(text, "dhcp" | "auto")
        || cidr(text, 128, |address| {
            address.parse::<std::net::Ipv6Addr>().is_ok()
        })
}

pub(super) fn is_ipv4(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

pub(super) fn is_ipv6(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn cidr(text: &str, longest: u32, is_address: fn(&str) -> bool) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        is_address(address)
            && is_digits(length)
            && length.parse::<u32>().is_ok_and(|length| length <= longest)
    })
}

/// Devices to start from.
pub(super) fn is_boot_order(text: &str) -> bool {
    BootOrder::parse(text).is_some()
}

/// The old way to write it.
pub(super) fn is_legacy_boot(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.chars().all(|c| "acdn".contains(c))
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
