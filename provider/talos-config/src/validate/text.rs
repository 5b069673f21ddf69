//! Texts that must have a form.

use std::net::{IpAddr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::report::Checks;
use super::view::View;
use crate::scalar::{Url, parse_addr, parse_prefix};

/// What is wrong with a URL that something is to be fetched from or sent to.
pub(super) fn endpoint_fault(text: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(text) else {
        return Some("it is not a URL");
    };
    let host = String::from_utf8_lossy(&url.host);
    if host.matches(':').count() > 2 && !(host.contains('[') && host.contains(']')) {
        return Some("its IPv6 address must be in square brackets");
    }
    if url.hostname().is_empty() {
        return Some("it has no host");
    }
    match url.port().as_str() {
        "" => None,
        port if port.parse::<u32>().is_ok_and(|p| (1..=65535).contains(&p)) => None,
        _ => Some("its port must be from 1 to 65535"),
    }
}

/// An address, without zone.
pub(super) fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// An address with a prefix length.
pub(super) fn is_cidr(text: &str) -> bool {
    parse_prefix(text).is_some()
}

/// An address, with or without a prefix length.
pub(super) fn is_ip_or_cidr(text: &str) -> bool {
    if text.contains('/') {
        is_cidr(text)
    } else {
        is_ip(text)
    }
}

/// A subnet or an address, that a leading `!` may exclude.
pub(super) fn is_filter(text: &str) -> bool {
    let text = text.strip_prefix('!').unwrap_or(text);
    is_cidr(text) || parse_addr(text).is_some()
}

/// `host:port`, an IPv6 host in brackets.
pub(super) fn has_port(text: &str) -> bool {
    match split_host_port(text) {
        Some((host, _)) => !host.contains(':') || parse_addr(host).is_some(),
        None => false,
    }
}

/// Host and port as Go splits them: both may be empty, colons in the host need brackets.
pub(super) fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let stray = |s: &str| s.contains(['[', ']']);
    (!stray(host) && !stray(port)).then_some((host, port))
}

/// Refuses a duration below zero.
pub(super) fn refuse_negative(place: &str, duration: View<'_>, checks: &mut Checks) {
    let negative = duration.text().starts_with('-');
    checks.refuse(negative, format!("{place}: cannot be negative"));
}

/// 32 bytes in base64.
pub(super) fn is_wireguard_key(text: &str) -> bool {
    STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// A name in DNS as Talos understands it: underscores are possible, a dot or underscore may end it.
pub(super) fn is_dns_name(text: &str) -> bool {
    let length = text.len() - text.matches('.').count();
    if text.is_empty() || length > 255 {
        return false;
    }
    let body = text.strip_suffix('.').unwrap_or(text);
    body.split('.').all(|label| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        label.starts_with(word) && label.len() <= 63 && label.chars().all(|c| word(c) || c == '-')
    })
}

/// An address that is none: `0.0.0.0` and `::`.
pub(super) fn is_unspecified(text: &str) -> bool {
    let addr = text.split(['/', '%']).next().unwrap_or_default();
    addr.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified())
        || addr.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_unspecified())
}
