//! A failure that says what was tried and where, what was seen, the likely cause and the next thing to do.

use std::fmt;

use crate::{Catalogued, plain};

/// Whether a failed request can have had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It never left; trying again is safe.
    Never,
    /// It may have been carried out; look before trying again.
    Maybe,
    /// The other side answered that it did not do it.
    Refused,
}

/// A failure, with a code of its client's catalogue. Holds no secret, and no text on which wrappers run a whole apply
/// again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error<C> {
    /// Stable code, so that people can write rules on it.
    pub code: C,
    /// What was tried, and at which address.
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

impl<C: Catalogued> Error<C> {
    /// An error with the catalogue's cause and cure, of a request that was never sent.
    pub fn new(code: C, attempted: impl Into<String>, seen: impl AsRef<str>) -> Self {
        let entry = code.entry();
        Self {
            code,
            attempted: attempted.into(),
            seen: plain(seen.as_ref()),
            cause: entry.cause.to_owned(),
            cure: entry.cure.to_owned(),
            sent: Sent::Never,
        }
    }

    /// What callers found out by looking, with the catalogue's cause and cure.
    pub fn found(code: C, attempted: impl Into<String>, seen: impl AsRef<str>) -> Self {
        Self::new(code, attempted, seen).sent(Sent::Refused)
    }

    /// The same with a more exact cause.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.cause = cause.into();
        self
    }

    /// The same with a more exact cure.
    #[must_use]
    pub fn cured_by(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }

    /// The same of a request that went so far.
    #[must_use]
    pub fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    /// Whether waiting alone may cure it.
    pub fn is_transient(&self) -> bool {
        self.code.entry().transient
    }

    /// One line: the code and what it means.
    pub fn summary(&self) -> String {
        let entry = self.code.entry();
        format!("{}: {}", entry.text, entry.meaning)
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

impl<C: Catalogued> fmt::Display for Error<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.summary(), self.detail())
    }
}

impl<C: Catalogued> std::error::Error for Error<C> {}
