//! URLs as Go's `net/url` takes them apart and puts them together: Talos writes what comes out of
//! that, and a patch merges part by part.

mod escape;

use std::net::Ipv6Addr;

use escape::{Part, escape, is_valid_encoded, unescape};

/// The parts of a URL, unescaped where Go keeps them unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    pub scheme: String,
    pub opaque: String,
    /// Name, and password if there is a colon.
    pub user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// With the port.
    pub host: Vec<u8>,
    pub path: Vec<u8>,
    raw_path: String,
    omit_host: bool,
    force_query: bool,
    pub query: String,
    fragment: Vec<u8>,
    raw_fragment: String,
}

impl Url {
    /// Takes a text apart; the error says what Go's parser would not have.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err("a control character");
        }
        let mut url = Self::default();
        url.parse_body(text)?;
        url.fragment = unescape(fragment, Part::Fragment)?;
        if escape(&url.fragment, Part::Fragment) != fragment {
            url.raw_fragment = fragment.to_owned();
        }
        Ok(url)
    }

    fn parse_body(&mut self, text: &str) -> Result<(), &'static str> {
        if text == "*" {
            self.path = b"*".to_vec();
            return Ok(());
        }
        let (scheme, rest) = split_scheme(text)?;
        self.scheme = scheme.to_ascii_lowercase();
        let rest = self.take_query(rest);
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                rest.clone_into(&mut self.opaque);
                return Ok(());
            }
            if rest
                .split('/')
                .next()
                .is_some_and(|first| first.contains(':'))
            {
                return Err("a colon in the first part of the path");
            }
        }
        let mut path = rest;
        if let Some(after) = rest
            .strip_prefix("//")
            .filter(|_| !scheme.is_empty() || !rest.starts_with("///"))
        {
            let at = after.find('/').unwrap_or(after.len());
            self.parse_authority(&after[..at])?;
            path = &after[at..];
        } else if !scheme.is_empty() && rest.starts_with('/') {
            self.omit_host = true;
        }
        self.path = unescape(path, Part::Path)?;
        if escape(&self.path, Part::Path) != path {
            path.clone_into(&mut self.raw_path);
        }
        Ok(())
    }

    fn take_query<'a>(&mut self, rest: &'a str) -> &'a str {
        match rest.split_once('?') {
            Some((before, "")) => {
                self.force_query = true;
                before
            }
            Some((before, query)) => {
                query.clone_into(&mut self.query);
                before
            }
            None => rest,
        }
    }

    fn parse_authority(&mut self, text: &str) -> Result<(), &'static str> {
        let (user, host) = match text.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, text),
        };
        self.host = parse_host(host)?;
        let Some(user) = user else { return Ok(()) };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
        if !user.bytes().all(allowed) {
            return Err("a character that user names cannot have");
        }
        self.user = Some(match user.split_once(':') {
            Some((name, password)) => (
                unescape(name, Part::User)?,
                Some(unescape(password, Part::User)?),
            ),
            None => (unescape(user, Part::User)?, None),
        });
        Ok(())
    }

    /// Host without port and brackets.
    pub fn hostname(&self) -> String {
        let host = String::from_utf8_lossy(&self.host);
        let without_port = match host.rfind(':') {
            Some(at) if host[at + 1..].bytes().all(|b| b.is_ascii_digit()) => &host[..at],
            _ => &host,
        };
        let bare = without_port
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'));
        bare.unwrap_or(without_port).to_owned()
    }

    /// The digits after the last colon of the host; empty if there are none.
    pub fn port(&self) -> String {
        let host = String::from_utf8_lossy(&self.host);
        match host.rfind(':') {
            Some(at) if host[at + 1..].bytes().all(|b| b.is_ascii_digit()) => {
                host[at + 1..].to_owned()
            }
            _ => String::new(),
        }
    }

    /// Merges `other` into this URL as Talos does: each part that `other` has wins.
    pub fn merge(&mut self, other: &Self) -> Result<(), &'static str> {
        if self.user.is_some() && other.user.is_some() {
            return Err("both URLs have a user name, and Talos cannot merge that");
        }
        let text = |left: &mut String, right: &String| {
            if !right.is_empty() {
                right.clone_into(left);
            }
        };
        let bytes = |left: &mut Vec<u8>, right: &Vec<u8>| {
            if !right.is_empty() {
                right.clone_into(left);
            }
        };
        text(&mut self.scheme, &other.scheme);
        text(&mut self.opaque, &other.opaque);
        bytes(&mut self.host, &other.host);
        bytes(&mut self.path, &other.path);
        text(&mut self.raw_path, &other.raw_path);
        text(&mut self.query, &other.query);
        bytes(&mut self.fragment, &other.fragment);
        text(&mut self.raw_fragment, &other.raw_fragment);
        self.user = other.user.clone().or_else(|| self.user.take());
        self.omit_host = other.omit_host;
        self.force_query = other.force_query;
        Ok(())
    }

    fn escaped_path(&self) -> String {
        let raw = &self.raw_path;
        if !raw.is_empty()
            && is_valid_encoded(raw, Part::Path)
            && unescape(raw, Part::Path).is_ok_and(|p| p == self.path)
        {
            return raw.clone();
        }
        if self.path == b"*" {
            "*".to_owned()
        } else {
            escape(&self.path, Part::Path)
        }
    }

    fn escaped_fragment(&self) -> String {
        let raw = &self.raw_fragment;
        let same = || unescape(raw, Part::Fragment).is_ok_and(|f| f == self.fragment);
        if !raw.is_empty() && is_valid_encoded(raw, Part::Fragment) && same() {
            return raw.clone();
        }
        escape(&self.fragment, Part::Fragment)
    }

    fn authority(&self) -> String {
        let mut out = String::new();
        let bare = self.omit_host && self.host.is_empty() && self.user.is_none();
        if bare || self.scheme.is_empty() && self.host.is_empty() && self.user.is_none() {
            return out;
        }
        if !self.host.is_empty() || !self.path.is_empty() || self.user.is_some() {
            out.push_str("//");
        }
        if let Some((name, password)) = &self.user {
            out.push_str(&escape(name, Part::User));
            if let Some(password) = password {
                out.push(':');
                out.push_str(&escape(password, Part::User));
            }
            out.push('@');
        }
        out + &escape(&self.host, Part::Host)
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out = format!("{}:", self.scheme);
        }
        if self.opaque.is_empty() {
            out.push_str(&self.authority());
            let path = self.escaped_path();
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty()
                && path
                    .split('/')
                    .next()
                    .is_some_and(|first| first.contains(':'))
            {
                out.push_str("./");
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if self.force_query || !self.query.is_empty() {
            out.push('?');
            out.push_str(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&self.escaped_fragment());
        }
        f.write_str(&out)
    }
}

fn split_scheme(text: &str) -> Result<(&str, &str), &'static str> {
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("no scheme before the colon"),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse_host(host: &str) -> Result<Vec<u8>, &'static str> {
    let port = if let Some(inner) = host.strip_prefix('[') {
        let (addr, port) = inner
            .rsplit_once(']')
            .ok_or("a bracket that does not close")?;
        let bare = addr.split('%').next().unwrap_or_default();
        bare.parse::<Ipv6Addr>()
            .map_err(|_| "no IPv6 address in the brackets")?;
        port
    } else if host.contains('[') {
        return Err("a bracket within its host");
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    let valid =
        port.is_empty() || port.starts_with(':') && port[1..].bytes().all(|b| b.is_ascii_digit());
    if !valid {
        return Err("a port that is not a number");
    }
    unescape(host, Part::Host)
}
