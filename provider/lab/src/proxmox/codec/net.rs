//! Network cards: `net0: virtio=BC:24:11:00:00:01,bridge=vmbr0`.

use super::property_string::{self, Keys};

/// A network card taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nic {
    pub(crate) keys: Keys,
}

impl Nic {
    /// Reads a card; none where the text is no card.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let keys = property_string::parse("net", text).ok()?;
        Some(Self { keys })
    }

    pub(crate) fn print(&self) -> String {
        property_string::print("net", &self.keys)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// Whether a change to `other` needs the card to be unplugged: model, address, queues and
    /// MTU do, the rest is changed while it runs (recorded with PVE 9.2).
    pub(crate) fn replug(&self, other: &Self) -> bool {
        ["model", "macaddr", "queues", "mtu"]
            .iter()
            .any(|key| self.get(key) != other.get(key))
    }
}
