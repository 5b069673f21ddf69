//! What a scalar means: YAML 1.1's implicit types as Go's reader knows them.

use crate::base64;

use super::node::Scalar;
use super::{number, timestamp};

/// A scalar's type and value. `Text` carries no value: it is the scalar's own text.
#[derive(Clone, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    /// RFC 3339.
    Time(String),
    /// Decoded `!!binary`.
    Binary(String),
    Text,
}

impl Resolved {
    /// What kind of value it is, for messages that may not show it.
    pub fn form(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a number",
            Self::Float(_) => "a decimal number",
            Self::Time(_) => "a date",
            Self::Binary(_) => "binary data",
            Self::Text => "a text",
        }
    }
}

/// Resolves by tag, quoting and text. The error says what does not fit, without the text.
pub(crate) fn resolve(scalar: &Scalar) -> Result<Resolved, &'static str> {
    let tag = scalar.tag.as_str();
    match tag {
        "" if scalar.quoted => return Ok(Resolved::Text),
        "!!str" => return Ok(Resolved::Text),
        "!!binary" => return binary(&scalar.text),
        "" | "!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp" => {}
        _ => return Ok(Resolved::Text),
    }
    let resolved = implicit(&scalar.text, tag.is_empty() || tag == "!!timestamp");
    match (tag, resolved) {
        ("", resolved) => Ok(resolved),
        ("!!null", Resolved::Null) => Ok(Resolved::Null),
        ("!!bool", Resolved::Bool(b)) => Ok(Resolved::Bool(b)),
        ("!!int", Resolved::Int(i)) => Ok(Resolved::Int(i)),
        ("!!float", Resolved::Float(f)) => Ok(Resolved::Float(f)),
        #[allow(clippy::cast_precision_loss)] // that is what the tag asks for
        ("!!float", Resolved::Int(i)) => Ok(Resolved::Float(i as f64)),
        ("!!timestamp", Resolved::Time(t)) => Ok(Resolved::Time(t)),
        _ => Err("the value is not of the type that its tag names"),
    }
}

/// The implicit type of plain text.
pub(super) fn implicit(text: &str, times: bool) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
        "true" | "True" | "TRUE" => return Resolved::Bool(true),
        "false" | "False" | "FALSE" => return Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Resolved::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        "-0" | "-0.0" => return Resolved::Float(-0.0),
        _ => {}
    }
    match text.as_bytes().first() {
        Some(b'.') => go_float(text).map_or(Resolved::Text, Resolved::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => numeric(text, times),
        _ => Resolved::Text,
    }
}

/// What plain text means to the reader of the oldest line, where that differs.
pub(super) fn old_int(text: &str) -> Option<i128> {
    match text {
        "-0" => Some(0),
        _ => number::parse_old_int(&text.replace('_', "")),
    }
}

fn numeric(text: &str, times: bool) -> Resolved {
    if times && let Some(time) = timestamp::normalize(text) {
        return Resolved::Time(time);
    }
    let plain = text.replace('_', "");
    if let Some(int) = number::parse_int(&plain) {
        return Resolved::Int(int);
    }
    number::parse_float(&plain).map_or(Resolved::Text, Resolved::Float)
}

/// A float that starts with a dot; Go's own parser also takes underscores only in hexadecimal.
fn go_float(text: &str) -> Option<f64> {
    number::parse_float(text)
}

fn binary(text: &str) -> Result<Resolved, &'static str> {
    let bytes = base64::decode(text.as_bytes()).ok_or("!!binary is not base64")?;
    String::from_utf8(bytes.to_vec())
        .map(Resolved::Binary)
        .map_err(|_| "!!binary does not hold text")
}
