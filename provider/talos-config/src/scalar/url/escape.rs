//! `%XX` in the parts of a URL, by Go's rules.

/// Which part: each has characters of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    User,
    Fragment,
}

pub(super) fn unescape(text: &str, part: Part) -> Result<Vec<u8>, &'static str> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        if b == b'%' {
            let hex = text
                .get(i + 1..i + 3)
                .filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
            let code = hex
                .and_then(|h| u8::from_str_radix(h, 16).ok())
                .ok_or("an incomplete % escape")?;
            if part == Part::Host && code < 0x80 && code != b'%' {
                return Err("a % escape that a host cannot have");
            }
            out.push(code);
            i += 3;
        } else {
            if part == Part::Host && b < 0x80 && must_escape(b, part) {
                return Err("a character that a host cannot have");
            }
            out.push(b);
            i += 1;
        }
    }
    Ok(out)
}

pub(super) fn escape(bytes: &[u8], part: Part) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &b in bytes {
        if must_escape(b, part) {
            out.push_str(&format!("%{b:02X}"));
        } else {
            out.push(b as char);
        }
    }
    out
}

fn must_escape(b: u8, part: Part) -> bool {
    if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
        return false;
    }
    match part {
        Part::Host => !b"!$&'()*+,;=:[]<>\"".contains(&b),
        Part::Path => !b"$&+,/:;=@".contains(&b),
        Part::User => !b"$&+,;=".contains(&b),
        Part::Fragment => !b"$&+,/:;=?@!()*".contains(&b),
    }
}

pub(super) fn is_valid_encoded(text: &str, part: Part) -> bool {
    text.bytes()
        .all(|b| b"!$&'()*+,;=:@[]%".contains(&b) || !must_escape(b, part))
}
