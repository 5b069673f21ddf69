//! Where Proxmox VE is and who we are to it.

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};

/// An API token. Has no text form; is wiped from memory.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Reads `user@realm!name=secret`, with or without the scheme `PVEAPIToken=` before it.
    ///
    /// # Errors
    /// `TS-PVE-SETTINGS`; says what is missing and never quotes the token.
    pub fn parse(text: &str) -> Result<Token> {
        let text = text.trim();
        let text = text.strip_prefix("PVEAPIToken=").unwrap_or(text);
        let wrong = |why: &str| {
            Err(Error::new(
                Code::Settings,
                "reading `proxmox.api_token`",
                format!("{why}; the form is user@realm!name=secret"),
            ))
        };
        let Some((id, secret)) = text.split_once('=') else {
            return wrong("there is no = before the secret");
        };
        if !id.contains('@') {
            return wrong("the user has no realm, such as @pve");
        }
        if !id.contains('!') {
            return wrong("there is no !name of a token after the user");
        }
        if secret.is_empty() || secret.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return wrong("the secret is empty or has spaces in it");
        }
        Ok(Token(Zeroizing::new(text.to_owned())))
    }

    /// Value of the header `Authorization`.
    pub(crate) fn header(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("PVEAPIToken={}", self.0.as_str()))
    }

    /// Text without the token's secret, should somebody have repeated it.
    pub(crate) fn hide(&self, text: &str) -> String {
        let secret = self.0.split_once('=').map_or("", |(_, secret)| secret);
        if secret.is_empty() {
            text.to_owned()
        } else {
            text.replace(secret, "\u{2026}")
        }
    }
}

/// Address of one host's API: scheme, host and port, nothing after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// Reads `https://pve1:8006`, with or without scheme, port, slash and `/api2/json`. The port is 8006 unless given.
    ///
    /// # Errors
    /// `TS-PVE-SETTINGS` for anything else, plain HTTP included: the token would go over the wire in clear.
    pub fn parse(text: &str) -> Result<Endpoint> {
        let wrong = |why: &str| {
            Err(Error::new(
                Code::Settings,
                "reading an endpoint of `proxmox`",
                format!("{text:?}: {why}; write https://host:8006"),
            ))
        };
        let trimmed = text.trim().trim_end_matches('/');
        let trimmed = trimmed.strip_suffix("/api2/json").unwrap_or(trimmed);
        let rest = match trimmed.split_once("://") {
            Some(("https", rest)) => rest,
            Some(("http", _)) => return wrong("Proxmox VE answers over https only"),
            Some(_) => return wrong("the scheme is not https"),
            None => trimmed,
        };
        if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
            return wrong("this is not a host with a port");
        }
        let (host, port) = match split_port(rest) {
            Some(parts) => parts,
            None => return wrong("the port is not a number"),
        };
        if host.is_empty() {
            return wrong("there is no host");
        }
        Ok(Endpoint {
            host: host.to_owned(),
            port,
        })
    }

    /// `https://host:port`.
    pub fn url(&self) -> String {
        format!("https://{self}")
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Host and port of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare `v6`.
fn split_port(text: &str) -> Option<(&str, u16)> {
    const PORT: u16 = 8006;
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => after.is_empty().then_some((host, PORT)),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((text, PORT)),
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((text, PORT)),
    }
}

/// SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Reads 64 hexadecimal digits, with or without colons, in any case.
    ///
    /// # Errors
    /// `TS-PVE-SETTINGS` for anything else.
    pub fn parse(text: &str) -> Result<Fingerprint> {
        let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
        let mut bytes = [0; 32];
        let pairs = digits.as_bytes().chunks(2);
        let whole = digits.len() == 64 && digits.is_ascii();
        for (byte, pair) in bytes.iter_mut().zip(pairs.filter(|_| whole)) {
            let pair = std::str::from_utf8(pair).ok();
            match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                Some(value) => *byte = value,
                None => return Err(Self::wrong(text)),
            }
        }
        if whole {
            Ok(Fingerprint(bytes))
        } else {
            Err(Self::wrong(text))
        }
    }

    fn wrong(text: &str) -> Error {
        Error::new(
            Code::Settings,
            "reading `proxmox.tls_fingerprints`",
            format!("{text:?} is not a SHA-256 fingerprint, 32 bytes in hexadecimal with colons"),
        )
    }

    pub(crate) fn of(certificate: &[u8]) -> Fingerprint {
        use sha2::Digest;
        Fingerprint(sha2::Sha256::digest(certificate).into())
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// What is believed of the server's certificate.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Authorities beside the public ones, as PEM text; empty for none.
    pub ca_pem: String,
    /// If any are given, only a certificate with one of these fingerprints is accepted, whoever signed it.
    pub fingerprints: Vec<Fingerprint>,
    /// Accept any certificate. Whoever is in between then gets the token.
    pub insecure: bool,
}

/// Everything a client needs.
#[derive(Clone)]
pub struct Settings {
    /// Hosts of one cluster, in the order in which they are tried; never empty.
    pub endpoints: Vec<Endpoint>,
    /// Who we are.
    pub token: Token,
    /// What is believed of the server's certificate.
    pub trust: Trust,
    /// Requests under way at the same time.
    pub max_parallel: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_people_write_them() {
        let read = |text: &str| Endpoint::parse(text).map(|endpoint| endpoint.url());
        for text in [
            "https://pve1:8006",
            "https://pve1:8006/",
            "https://pve1:8006/api2/json",
            "https://pve1:8006/api2/json/",
            "https://pve1",
            "pve1",
            "pve1:8006",
        ] {
            assert_eq!(read(text).as_deref(), Ok("https://pve1:8006"), "{text}");
        }
        assert_eq!(read("https://pve:443").as_deref(), Ok("https://pve:443"));
        assert_eq!(read("fd00::1").as_deref(), Ok("https://[fd00::1]:8006"));
        assert_eq!(
            read("https://[fd00::1]:1").as_deref(),
            Ok("https://[fd00::1]:1")
        );
        for text in [
            "",
            "http://pve1:8006",
            "https://pve1/other",
            "pve1:port",
            "ftp://pve1",
            "https://u@pve1",
        ] {
            assert_eq!(read(text).unwrap_err().code, Code::Settings, "{text}");
        }
    }

    #[test]
    fn tokens_are_read_and_never_told() {
        let token = Token::parse("root@pam!ci=0000-planted").unwrap();
        assert_eq!(
            token.header().as_str(),
            "PVEAPIToken=root@pam!ci=0000-planted"
        );
        assert!(!token.hide("no 0000-planted here").contains("planted"));
        for text in [
            "planted",
            "root@pam=planted",
            "root!ci=planted",
            "root@pam!ci=",
            "root@pam!ci=plan ted",
        ] {
            let error = Token::parse(text).map(|_| ()).unwrap_err();
            assert_eq!(error.code, Code::Settings);
            assert!(!error.to_string().contains("plan"), "{error}");
        }
    }

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let text = "7F:FA:D5:90:B0:B9:B6:FE:DE:1D:A0:E9:47:0C:1E:54:C8:0F:02:32:52:9B:22:2B:28:DC:F3:15:79:2E:08:5F";
        assert_eq!(Fingerprint::parse(text).unwrap().to_string(), text);
        let bare = text.replace(':', "").to_lowercase();
        assert_eq!(Fingerprint::parse(&bare).unwrap().to_string(), text);
        for text in ["", "7F:FA", "zz", &format!("{bare}00")] {
            assert!(Fingerprint::parse(text).is_err(), "{text}");
        }
    }
}
