//! Secrets in addresses and in `NAME=value`.

use super::super::REDACTED;
use super::names::{is_secret_name, is_switch};

/// `NAME=value` without the value.
pub(in crate::redact) fn redact_variable(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}={REDACTED}"),
        _ => text.to_owned(),
    }
}

/// An address, or text with addresses in it, without user, password and secret parameters:
/// `https://user:password@host/?token=x`.
pub(in crate::redact) fn redact_address(text: &str) -> String {
    redact_parameters(&redact_user_info(text))
}

fn redact_user_info(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after
            .find(|c: char| "/?#\"' \t\n".contains(c))
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => {
                out.push_str(REDACTED);
                &after[at..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

/// `name=value` where the name ends as those of secrets do: words, and parameters of addresses.
fn redact_parameters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(['?', '&', ' ', '\t', '\n', ',', ';']) {
        let Some((name, value)) = part.split_once('=') else {
            out.push_str(part);
            continue;
        };
        let end = value
            .find(|c: char| "&?#\"' \t\n,;".contains(c))
            .unwrap_or(value.len());
        if end > 0 && is_secret_name(name) && !is_switch(&value[..end]) {
            out.push_str(&format!("{name}={REDACTED}{}", &value[end..]));
        } else {
            out.push_str(part);
        }
    }
    out
}
