//! One taxonomy for everything that can go wrong between us, Kubernetes and Flux.
//!
//! An error says what was tried and where, what was seen, the likely cause and the next thing to do. Its code is stable, so that
//! people can write rules on it; its wording never repeats texts on which wrappers re-run a whole apply.

mod catalogue;
pub(crate) mod classify;
mod page;
#[cfg(test)]
mod tests;
mod wording;

pub use catalogue::{CATALOGUE, Code, Entry};
pub use page::page;
pub(crate) use wording::plain;

use std::fmt;

/// Whether a failed request can have had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It never left; trying again is safe.
    Never,
    /// It may have been carried out; look before trying again.
    Maybe,
    /// The server answered that it did not do it.
    Refused,
}

/// A failure in talking to Kubernetes. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Stable code.
    pub code: Code,
    /// What was tried, and where.
    pub attempted: String,
    /// What came back.
    pub seen: String,
    /// The likely reason.
    pub cause: String,
    /// What to do next.
    pub cure: String,
    /// Whether the request can have had an effect.
    pub sent: Sent,
}

impl Error {
    /// An error with the catalogue's cause and cure.
    pub fn new(code: Code, attempted: impl Into<String>, seen: impl AsRef<str>) -> Error {
        let entry = code.entry();
        Error {
            code,
            attempted: attempted.into(),
            seen: plain(seen.as_ref()),
            cause: entry.cause.to_owned(),
            cure: entry.cure.to_owned(),
            sent: Sent::Never,
        }
    }

    /// The same with a more exact cause.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Error {
        self.cause = cause.into();
        self
    }

    /// The same with a more exact cure.
    #[must_use]
    pub fn cured_by(mut self, cure: impl Into<String>) -> Error {
        self.cure = cure.into();
        self
    }

    pub(crate) fn sent(mut self, sent: Sent) -> Error {
        self.sent = sent;
        self
    }

    /// Whether waiting alone may cure it.
    pub fn is_transient(&self) -> bool {
        self.code.entry().transient
    }

    /// Whether nobody answered: nothing is known of the world then.
    pub fn is_silence(&self) -> bool {
        matches!(
            self.code,
            Code::Unreachable | Code::Name | Code::Timeout | Code::Unclear | Code::Busy
        )
    }

    /// Whether it speaks of credentials or of who answers: what is behind them was not looked at.
    pub fn is_access(&self) -> bool {
        matches!(
            self.code,
            Code::Settings
                | Code::Kubeconfig
                | Code::NotKubernetes
                | Code::TlsAuthority
                | Code::TlsName
                | Code::TlsExpired
                | Code::Auth
                | Code::OtherCluster
        )
    }

    /// One line: code and meaning.
    pub fn summary(&self) -> String {
        let entry = self.code.entry();
        format!("{}: {}", entry.text, entry.meaning)
    }

    /// Several lines: what was tried and seen, cause and cure.
    pub fn detail(&self) -> String {
        format!(
            "Tried: {}\nSeen: {}\nCause: {}.\nCure: {}.",
            self.attempted, self.seen, self.cause, self.cure
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.summary(), self.detail())
    }
}

impl std::error::Error for Error {}

/// Result of a call.
pub type Result<T> = std::result::Result<T, Error>;
