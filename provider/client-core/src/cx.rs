//! The limits of an operation.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Catalogued, Error};

/// A stop this short before the deadline is the deadline.
const SAME_MOMENT: Duration = Duration::from_millis(100);

/// Limits of one operation.
#[derive(Clone, Debug)]
pub struct Cx {
    /// When to give up.
    pub deadline: Instant,
    /// Ends the operation early.
    pub cancel: CancellationToken,
}

/// Why a wait ended before its future did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its time was over.
    Deadline,
    /// Somebody stopped it.
    Cancelled,
}

impl Ended {
    /// What the operation ends with, where `problem` kept it from ending before.
    pub fn with<C: Catalogued>(self, problem: Error<C>) -> Error<C> {
        match self {
            Self::Deadline => problem,
            Self::Cancelled => {
                let seen = format!("stopped; before that: {}", problem.seen);
                Error::new(C::STOPPED, problem.attempted, seen).sent(problem.sent)
            }
        }
    }
}

impl Cx {
    /// An operation that may take this long.
    pub fn new(timeout: Duration) -> Self {
        Self {
            deadline: Instant::now() + timeout,
            cancel: CancellationToken::new(),
        }
    }

    /// Ends when the token is cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// The same, ending at most this much later than now.
    #[must_use]
    pub fn capped(&self, timeout: Duration) -> Self {
        Self {
            deadline: self.deadline.min(Instant::now() + timeout),
            cancel: self.cancel.clone(),
        }
    }

    /// What is left of the time.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether its time is over or somebody ended it.
    pub fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.remaining().is_zero()
    }

    /// Runs a future until it is done, the deadline passes or the operation is cancelled.
    ///
    /// # Errors
    /// Why the future was not waited for any longer.
    pub async fn bounded<T>(&self, future: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.stopped()),
            done = tokio::time::timeout_at(self.deadline, future) => done.map_err(|_| Ended::Deadline),
        }
    }

    /// Whoever gave us the time also stops us when it is over, and may be the first to notice.
    fn stopped(&self) -> Ended {
        if self.remaining() <= SAME_MOMENT {
            Ended::Deadline
        } else {
            Ended::Cancelled
        }
    }

    /// Sleeps.
    ///
    /// # Errors
    /// The operation ended meanwhile.
    pub async fn pause(&self, time: Duration) -> Result<(), Ended> {
        self.bounded(tokio::time::sleep(time)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stop_at_the_deadline_is_the_deadline() {
        let stopped_with = async |left| {
            let cx = Cx::new(left);
            cx.cancel.cancel();
            cx.pause(Duration::from_secs(60)).await.unwrap_err()
        };
        assert_eq!(
            stopped_with(Duration::from_millis(5)).await,
            Ended::Deadline
        );
        assert_eq!(stopped_with(Duration::from_secs(5)).await, Ended::Cancelled);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_never_lasts_longer_than_the_whole() {
        let whole = Cx::new(Duration::from_secs(5));
        let part = whole.capped(Duration::from_secs(60));
        assert_eq!(part.remaining(), Duration::from_secs(5));
        assert_eq!(
            part.pause(Duration::from_secs(6)).await,
            Err(Ended::Deadline)
        );
        assert!(whole.is_over());
    }
}
