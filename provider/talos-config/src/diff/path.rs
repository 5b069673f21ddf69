use serde::{Deserialize, Serialize};

use super::identity::{By, Identity};

/// One step from a value into the value below it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// A key of a mapping.
    Key(String),
    /// An item of a list, by what it is rather than by where it stands.
    Item(Identity),
}

impl Step {
    pub(crate) fn key(text: &str) -> Self {
        Self::Key(text.to_owned())
    }

    /// The same step, wherever an item stands in its list.
    pub(crate) fn anywhere(&self) -> Self {
        match self {
            Self::Key(_) => self.clone(),
            Self::Item(identity) => Self::Item(identity.anywhere()),
        }
    }

    /// The key, if this is one.
    pub(crate) fn as_key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Item(_) => None,
        }
    }
}

/// Longer values are not repeated in a path.
const LONGEST_IDENTITY: usize = 64;

/// The id of the document that a path leads into, and the steps within it.
pub(crate) fn split(path: &[Step]) -> (&str, &[Step]) {
    match path {
        [Step::Item(identity), rest @ ..] if identity.by == By::Document => (&identity.value, rest),
        other => ("", other),
    }
}

/// Steps as text: `machine.sysctls["net.ipv4.ip_forward"]`, `machine.certSANs[10.0.0.1]`,
/// `machine.network.interfaces[interface=eth0].mtu`. Keys with other signs than letters, digits,
/// `-` and `_` stand quoted in brackets; list items stand in brackets with the field that
/// identifies them, scalars with their value, what nothing short identifies as `#` and its place.
pub(crate) fn text(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Key(key) if is_plain(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Step::Key(key) => out.push_str(&format!("[{key:?}]")),
            Step::Item(identity) => out.push_str(&item(identity)),
        }
    }
    out
}

fn item(identity: &Identity) -> String {
    let value = &identity.value;
    if value.len() > LONGEST_IDENTITY || value.contains('\n') {
        return format!("[#{}]", identity.position + 1);
    }
    // The second of two alike, the third, …
    let repeat = match identity.nth {
        0 => String::new(),
        nth => format!(" #{}", nth + 1),
    };
    match &identity.by {
        By::Field(field) => format!("[{field}={value}{repeat}]"),
        By::Document | By::Variable | By::Whole => format!("[{value}{repeat}]"),
    }
}

fn is_plain(key: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !key.is_empty() && key.chars().all(is_plain)
}

/// A path with its document in front, which the main document does not need.
pub(crate) fn full_text(document: &str, path: &str) -> String {
    match (document, path) {
        ("v1alpha1", path) if !path.is_empty() => path.to_owned(),
        (document, "") => document.to_owned(),
        (document, path) if path.starts_with('[') => format!("{document}{path}"),
        (document, path) => format!("{document}.{path}"),
    }
}
