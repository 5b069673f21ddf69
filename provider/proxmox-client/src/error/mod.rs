//! One taxonomy for everything that can go wrong between us and Proxmox VE.

mod catalogue;
pub(crate) mod classify;
#[cfg(test)]
mod tests;

pub use catalogue::{CATALOGUE, Code};
pub use client_core::Sent;

/// A failure in talking to Proxmox VE. Holds no secret.
pub type Error = client_core::Error<Code>;

/// Result of a call to Proxmox VE.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Code {
    /// Whether nobody could say anything about the object: its state must be kept.
    pub fn is_out_of_reach(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::Name | Self::Timeout | Self::HostOffline | Self::Unclear
        )
    }
}

const HEAD: &str = "\
---
page_title: \"Errors of Proxmox VE\"
description: \"What each code of the Proxmox VE client means, what is usually behind it and what to do.\"
---

# Errors of Proxmox VE

These are the codes of the Proxmox VE client: what a host, or the way to it, says. The plugin's own codes are on the page
[Errors and warnings of the plugin](plugin-errors.md). Codes do not change, so that rules can be written on them. *Waited out* says that an
operation goes on trying until its time is over; all others end at once.
";

/// The page of the documentation that lists all codes, as Markdown.
pub fn page() -> String {
    client_core::page(HEAD, CATALOGUE)
}
