//! One taxonomy for everything that can go wrong between us, Kubernetes and Flux.

mod catalogue;
pub(crate) mod classify;
#[cfg(test)]
mod tests;

pub use catalogue::{CATALOGUE, Code};
pub use client_core::Sent;

/// A failure in talking to Kubernetes. Holds no secret.
pub type Error = client_core::Error<Code>;

/// Result of a call.
pub type Result<T> = std::result::Result<T, Error>;

impl Code {
    /// Whether nobody answered: nothing is known of the world then.
    pub fn is_silence(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::Name | Self::Timeout | Self::Unclear | Self::Busy
        )
    }

    /// Whether it speaks of credentials or of who answers: what is behind them was not looked at.
    pub fn is_access(self) -> bool {
        matches!(
            self,
            Self::Settings
                | Self::Kubeconfig
                | Self::NotKubernetes
                | Self::TlsAuthority
                | Self::TlsName
                | Self::TlsExpired
                | Self::Auth
                | Self::OtherCluster
        )
    }
}

const HEAD: &str = "\
---
page_title: \"Errors of Kubernetes and Flux\"
description: \"What each code of the Kubernetes client means, what is usually behind it and what to do.\"
---

# Errors of Kubernetes and Flux

These are the codes of the Kubernetes client: what the API server, a registry or Flux says, or the way to them. The plugin's own codes are
on the page [Errors and warnings of the plugin](plugin-errors.md). Codes do not change, so that rules can be written on them. *Waited out*
says that an operation goes on trying until its time is over; all others end at once.
";

/// The page of the documentation that lists all codes, as Markdown.
pub fn page() -> String {
    client_core::page(HEAD, CATALOGUE)
}
