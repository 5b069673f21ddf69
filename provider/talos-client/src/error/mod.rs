//! One taxonomy for everything that can go wrong between us and a Talos machine.

mod catalogue;
mod quoted;
pub(crate) mod status;
#[cfg(test)]
mod tests;

pub use catalogue::{CATALOGUE, Code};
pub use client_core::Sent;
pub(crate) use quoted::without_values;

/// A failure in talking to a Talos machine. Holds no secret.
pub type Error = client_core::Error<Code>;

/// Result of a call to a machine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Code {
    /// Whether nobody answered: nothing is known of the machine, and its state must be kept.
    pub fn is_out_of_reach(self) -> bool {
        matches!(
            self,
            Self::NodeUnreachable | Self::NodeName | Self::NodeTimeout
        )
    }
}

const HEAD: &str = "\
---
page_title: \"Errors of machines\"
description: \"What each code in a summary means, what is usually behind it and what to do.\"
---

# Errors of machines

These are the codes of the Talos client: what a machine, or the way to it, says. The plugin's own codes, of configuration, plans and
state, are on the page [Errors and warnings of the plugin](plugin-errors.md). Codes do not change, so that rules can be written on them,
such as `retryable_errors` of terragrunt. *Waited out* says that an operation goes on trying until its time is over; all others end at once.
";

/// The page of the documentation that lists all codes, as Markdown.
pub fn page() -> String {
    client_core::page(HEAD, CATALOGUE)
}
