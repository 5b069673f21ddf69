//! Addresses of the Talos API.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Code, Error};

/// Port of the Talos API.
pub const DEFAULT_PORT: u16 = 50000;

/// Where a Talos API answers: a host name or an address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// Reads `host`, `host:port`, an IPv6 address with or without brackets, or `https://host[:port]` (port 443 where none is given,
    /// as for a proxy that terminates TLS).
    ///
    /// # Errors
    /// `TS-CLIENT-ENDPOINT` naming the text.
    pub fn parse(text: &str) -> Result<Endpoint, Error> {
        let (rest, port) = match text.trim().strip_prefix("https://") {
            Some(rest) => (rest.trim_end_matches('/'), 443),
            None => (text.trim(), DEFAULT_PORT),
        };
        let (host, port) = split(rest, port).map_err(|why| refused(text, why))?;
        if !is_host(host) {
            return Err(refused(text, "it is neither a host name nor an address"));
        }
        Ok(Endpoint {
            host: host.to_owned(),
            port,
        })
    }

    /// Host name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn refused(text: &str, why: &str) -> Error {
    Error::new(
        Code::ClientEndpoint,
        format!("reading the endpoint {text:?}"),
        why,
    )
}

/// Splits a host from its port; a bare IPv6 address has none.
fn split(text: &str, default: u16) -> Result<(&str, u16), &'static str> {
    if let Some(inner) = text.strip_prefix('[') {
        let (host, rest) = inner.split_once(']').ok_or("its bracket is not closed")?;
        host.parse::<Ipv6Addr>()
            .map_err(|_| "what is in brackets is not an IPv6 address")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, number(port)?)),
            None if rest.is_empty() => Ok((host, default)),
            None => Err("something other than a port follows the bracket"),
        };
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text, default));
    }
    match text.split_once(':') {
        Some((host, port)) => Ok((host, number(port)?)),
        None => Ok((text, default)),
    }
}

fn number(port: &str) -> Result<u16, &'static str> {
    match port.parse() {
        Ok(0) | Err(_) => Err("its port is not a number between 1 and 65535"),
        Ok(port) => Ok(port),
    }
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.parse::<IpAddr>().is_ok() {
        return true;
    }
    // Digits and dots alone are a mistyped address, never a name.
    let digits = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    !digits && host.len() <= 253 && host.trim_end_matches('.').split('.').all(label)
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Endpoint, Error> {
        Endpoint::parse(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn forms() {
        for (text, shown) in [
            ("10.0.0.1", "10.0.0.1:50000"),
            ("10.0.0.1:6000", "10.0.0.1:6000"),
            ("fd00::1", "[fd00::1]:50000"),
            ("[fd00::1]", "[fd00::1]:50000"),
            ("[fd00::1]:443", "[fd00::1]:443"),
            ("cp01.example.com", "cp01.example.com:50000"),
            ("https://talos.example.com", "talos.example.com:443"),
            ("https://talos.example.com:8443/", "talos.example.com:8443"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "10.0.0.1:0",
            "10.0.0.1:70000",
            "10.0.0.256",
            "a b",
            "[fd00::1",
            "[x]:1",
            "http://x",
            "fd00::1::2",
            "-a",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert_eq!(error.code.as_str(), "TS-CLIENT-ENDPOINT", "{text}");
        }
    }
}
