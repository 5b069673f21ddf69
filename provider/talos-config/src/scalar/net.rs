//! Addresses, prefixes and ports as Go's `netip` reads and writes them.

use std::net::{IpAddr, Ipv6Addr};

/// An address with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub addr: IpAddr,
    pub bits: u8,
}

impl Prefix {
    /// Whether no bit is set beyond the length.
    pub fn is_masked(&self) -> bool {
        let (value, length) = self.number();
        let host = length - u32::from(self.bits);
        value
            .checked_shr(host)
            .and_then(|v| v.checked_shl(host))
            .unwrap_or(0)
            == value
    }

    /// Whether one contains the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ((a, length), (b, other_length)) = (self.number(), other.number());
        let host = length - u32::from(self.bits.min(other.bits)).min(length);
        length == other_length && a.checked_shr(host) == b.checked_shr(host)
    }

    /// The address as a number, and its length in bits.
    fn number(&self) -> (u128, u32) {
        match self.addr {
            IpAddr::V4(v4) => (u32::from(v4).into(), 32),
            IpAddr::V6(v6) => (v6.into(), 128),
        }
    }
}

/// An address, with an IPv6 zone where there is one.
pub(crate) fn parse_addr(text: &str) -> Option<(IpAddr, &str)> {
    match text.split_once('%') {
        Some((addr, zone)) if !zone.is_empty() => {
            Some((addr.parse::<Ipv6Addr>().ok()?.into(), zone))
        }
        Some(_) => None,
        None => Some((text.parse().ok()?, "")),
    }
}

/// `address/bits`; no zone, no leading zeros.
pub(crate) fn parse_prefix(text: &str) -> Option<Prefix> {
    let (addr, bits) = text.rsplit_once('/')?;
    let addr: IpAddr = addr.parse().ok()?;
    if bits.len() > 1 && bits.starts_with('0') || !bits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let bits: u8 = bits.parse().ok()?;
    let most = if addr.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(Prefix { addr, bits })
}

/// `address:port`, IPv6 in brackets.
pub(crate) fn parse_addr_port(text: &str) -> Option<(IpAddr, String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let (host, brackets) = match host.strip_prefix('[') {
        Some(inner) => (inner.strip_suffix(']')?, true),
        None => (host, false),
    };
    let (addr, zone) = parse_addr(host)?;
    if addr.is_ipv6() != brackets || port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((addr, zone.to_owned(), port.parse().ok()?))
}

pub(super) fn format_addr(addr: IpAddr, zone: &str) -> String {
    let text = match addr {
        // An IPv4-mapped address keeps its dotted form, any other its shortest form.
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_none() => format_v6(v6),
        other => other.to_string(),
    };
    if zone.is_empty() {
        text
    } else {
        format!("{text}%{zone}")
    }
}

/// Rust writes `::1.2.3.4` where Go writes hexadecimal groups.
fn format_v6(addr: Ipv6Addr) -> String {
    let segments = addr.segments();
    if segments[..6] == [0; 6] && segments[6] != 0 {
        return format!("::{:x}:{:x}", segments[6], segments[7]);
    }
    addr.to_string()
}

/// A port or a range of ports: the canonical numbers.
pub(super) fn parse_ports(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-')?;
    let port = |s: &str| {
        s.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| s.parse().ok())
            .flatten()
    };
    Some((port(low)?, port(high)?))
}

/// A hardware address of any length: hexadecimal, colons anywhere.
pub(super) fn format_hardware(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    let pairs: Vec<&str> = (0..digits.len())
        .step_by(2)
        .filter_map(|i| digits.get(i..i + 2))
        .collect();
    Some(pairs.join(":"))
}
