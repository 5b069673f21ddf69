//! The limits of an operation.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::{Code, Error};

/// Limits of one operation.
#[derive(Clone)]
pub struct Cx {
    /// When to give up.
    pub deadline: Instant,
    /// Ends the operation early.
    pub cancel: CancellationToken,
}

/// Why a wait ended before its future did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Deadline,
    Cancelled,
}

impl Cx {
    /// An operation that may take this long.
    pub fn new(timeout: Duration) -> Cx {
        Cx {
            deadline: Instant::now() + timeout,
            cancel: CancellationToken::new(),
        }
    }

    /// Ends when the token is cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Cx {
        self.cancel = cancel;
        self
    }

    /// The same, ending at most this much later than now.
    #[must_use]
    pub fn capped(&self, timeout: Duration) -> Cx {
        Cx {
            deadline: self.deadline.min(Instant::now() + timeout),
            cancel: self.cancel.clone(),
        }
    }

    /// Whether its time is over or somebody ended it.
    pub fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || Instant::now() >= self.deadline
    }

    /// Runs a future until it is done, the deadline passes or the operation is cancelled.
    pub(crate) async fn bounded<T>(&self, future: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Ended::Cancelled),
            done = tokio::time::timeout_at(self.deadline, future) => done.map_err(|_| Ended::Deadline),
        }
    }
}

/// Growing pauses between attempts or looks: 250 ms at first.
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Pauses that grow to at most this long.
    pub fn up_to(longest: Duration) -> Backoff {
        Backoff {
            next: Duration::from_millis(250),
            longest,
        }
    }

    /// Waits out the next pause.
    ///
    /// # Errors
    /// `problem` when the operation ends meanwhile, as cancelled where it was.
    pub async fn pause(&mut self, cx: &Cx, problem: Error) -> Result<(), Error> {
        let pause = self.next.min(self.longest);
        self.next = pause * 8 / 5;
        match cx.bounded(tokio::time::sleep(pause)).await {
            Ok(()) => Ok(()),
            Err(Ended::Deadline) => Err(problem),
            Err(Ended::Cancelled) => Err(stopped(problem)),
        }
    }
}

/// An operation that was cancelled, with what was seen before.
pub(crate) fn stopped(problem: Error) -> Error {
    let seen = format!("stopped; before that: {}", problem.seen);
    Error::new(Code::Cancelled, problem.attempted, seen).sent(problem.sent)
}
