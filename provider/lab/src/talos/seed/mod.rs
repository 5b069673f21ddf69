//! The seed of NoCloud: a medium that gives a machine its name, addresses and configuration.
//! How Talos reads it: `internal/app/machined/pkg/runtime/v1alpha1/platform/nocloud`.

mod documents;
mod iso9660;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use documents::Card;

use crate::proxmox::Cdrom;

/// What a seed says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seed {
    /// Host name in `meta-data`.
    pub hostname: Option<String>,
    /// Configuration in `user-data`.
    pub config: Option<String>,
    /// Cards of `network-config`.
    pub cards: Vec<Card>,
}

impl Seed {
    /// The seed in a drive; none where there is another medium, or none.
    pub(crate) fn in_drive(drive: &Cdrom) -> Option<Self> {
        let volume = iso9660::read(drive.image.as_deref()?)?;
        // Both spellings are looked for (same place upstream).
        if !volume.name.eq_ignore_ascii_case("cidata") {
            return None;
        }
        let text = |name: &str| {
            let bytes = volume.files.get(name).map(Vec::as_slice);
            String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
        };
        Some(Self {
            hostname: documents::hostname(&text("meta-data")),
            config: documents::config(&text("user-data")),
            cards: documents::cards(&text("network-config")),
        })
    }
}
