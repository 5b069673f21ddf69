//! One taxonomy for everything that can go wrong between us and Proxmox VE.
//!
//! An error says what was tried and where, what was seen, the likely cause and the next thing to do. Its code is stable, so that
//! people can write rules on it; its wording never repeats texts on which wrappers re-run a whole apply.

mod catalogue;
pub(crate) mod classify;
mod page;
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
    /// Proxmox VE answered that it did not do it.
    Refused,
}

/// A failure in talking to Proxmox VE. Holds no secret.
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
    /// An error with the catalogue's cause and cure, of a request that was never sent.
    pub(crate) fn new(code: Code, attempted: impl Into<String>, seen: impl AsRef<str>) -> Error {
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

    /// What callers found out by looking, with the catalogue's cause and cure.
    pub fn found(code: Code, attempted: impl Into<String>, seen: impl AsRef<str>) -> Error {
        Error::new(code, attempted, seen).sent(Sent::Refused)
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

    /// Whether nobody could say anything about the object: its state must be kept.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(
            self.code,
            Code::Unreachable | Code::Name | Code::Timeout | Code::HostOffline | Code::Unclear
        )
    }

    /// One line: the code and what it means.
    pub fn summary(&self) -> String {
        format!("{}: {}", self.code.as_str(), self.code.entry().meaning)
    }

    /// What was tried, what was seen, the cause and the cure, a line each.
    pub fn detail(&self) -> String {
        let unclear = match self.sent {
            Sent::Maybe => "\nThe request may have been carried out.",
            Sent::Never | Sent::Refused => "",
        };
        format!(
            "Tried: {}\nSeen: {}{unclear}\nCause: {}\nCure: {}",
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

/// Result of a call to Proxmox VE.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests;
