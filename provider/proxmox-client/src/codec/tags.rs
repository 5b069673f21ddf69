//! Tags: Proxmox VE lowers, sorts and joins them.

use std::collections::BTreeSet;

/// A set of tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(pub BTreeSet<String>);

impl Tags {
    /// Reads tags with commas, semicolons or spaces between them.
    pub fn parse(text: &str) -> Tags {
        let parts = text.split([',', ';', ' ']).filter(|part| !part.is_empty());
        Tags(parts.map(str::to_lowercase).collect())
    }

    /// Whether Proxmox VE takes a tag: letters, digits and `_`, inside also `-`, `+` and `.`.
    pub fn is_valid(tag: &str) -> bool {
        let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
        tag.starts_with(first)
            && tag
                .chars()
                .all(|c| first(c) || matches!(c, '-' | '+' | '.'))
    }

    /// As Proxmox VE keeps them.
    pub fn print(&self) -> String {
        self.0
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(";")
    }
}
