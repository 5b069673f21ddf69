//! The limits of an operation and who is told while it waits.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::{Code, Error};

/// What is seen while an operation waits.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What is tried, and where.
    pub attempted: String,
    /// Why it has not worked yet.
    pub code: Code,
    /// What came back last.
    pub seen: String,
    /// Time since the operation began to wait.
    pub elapsed: Duration,
}

type Observer = Arc<dyn Fn(&Progress) + Send + Sync>;

/// A stop this short before the deadline is the deadline.
const SAME_MOMENT: Duration = Duration::from_millis(100);

/// Limits and company of one operation.
#[derive(Clone)]
pub struct Cx {
    /// When to give up.
    pub deadline: Instant,
    /// Ends the operation early.
    pub cancel: CancellationToken,
    observer: Option<Observer>,
    waited_out: BTreeSet<Code>,
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
            observer: None,
            waited_out: BTreeSet::new(),
        }
    }

    /// Ends when the token is cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Cx {
        self.cancel = cancel;
        self
    }

    /// Tells what is seen while waiting. The same is told as tracing events.
    #[must_use]
    pub fn with_progress(mut self, observer: Arc<dyn Fn(&Progress) + Send + Sync>) -> Cx {
        self.observer = Some(observer);
        self
    }

    /// The same, ending at most this much later than now.
    #[must_use]
    pub fn capped(&self, timeout: Duration) -> Cx {
        Cx {
            deadline: self.deadline.min(Instant::now() + timeout),
            ..self.clone()
        }
    }

    /// Waits for these codes to pass, too, where they would otherwise end the operation.
    #[must_use]
    pub fn patient_with(mut self, codes: &[Code]) -> Cx {
        self.waited_out.extend(codes);
        self
    }

    /// Whether the operation goes on after this error.
    pub(crate) fn waits_out(&self, error: &Error) -> bool {
        error.is_transient() || self.waited_out.contains(&error.code)
    }

    pub(crate) fn tell(&self, error: &Error, elapsed: Duration) {
        tracing::info!(
            target: "talos_client", code = error.code.as_str(), attempted = %error.attempted, seen = %error.seen,
            elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX), "waiting"
        );
        if let Some(observer) = &self.observer {
            let progress = Progress {
                attempted: error.attempted.clone(),
                code: error.code,
                seen: error.seen.clone(),
                elapsed,
            };
            observer(&progress);
        }
    }

    /// Runs a future until it is done, the deadline passes or the operation is cancelled.
    pub(crate) async fn bounded<T>(&self, future: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.stopped()),
            done = tokio::time::timeout_at(self.deadline, future) => done.map_err(|_| Ended::Deadline),
        }
    }

    /// Whoever gave us the time also stops us when it is over, and may be the first to notice.
    fn stopped(&self) -> Ended {
        if self.deadline <= Instant::now() + SAME_MOMENT {
            Ended::Deadline
        } else {
            Ended::Cancelled
        }
    }

    /// Sleeps; false when the operation ended meanwhile.
    pub(crate) async fn pause(&self, time: Duration) -> Result<(), Ended> {
        let wanted = Instant::now() + time;
        self.bounded(tokio::time::sleep_until(wanted)).await
    }
}

/// Waits between attempts that are safe to repeat.
pub(crate) struct Patience {
    begun: Instant,
    backoff: Backoff,
}

impl Patience {
    pub(crate) fn new() -> Patience {
        Patience {
            begun: Instant::now(),
            backoff: Backoff::new(),
        }
    }

    /// Returns when the next attempt is due; with the error when the operation does not wait it out or has ended.
    pub(crate) async fn after(&mut self, cx: &Cx, error: Error) -> Result<(), Error> {
        if !cx.waits_out(&error) {
            return Err(error);
        }
        cx.tell(&error, self.begun.elapsed());
        match cx.pause(self.backoff.next()).await {
            Ok(()) => Ok(()),
            Err(Ended::Deadline) => Err(error),
            Err(Ended::Cancelled) => {
                let seen = format!("stopped; before that: {}", error.seen);
                Err(Error::new(Code::NodeCancelled, error.attempted, seen))
            }
        }
    }
}

/// Growing pauses between attempts: 250 ms at first, 3 s at most.
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff(Duration::from_millis(250))
    }

    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 8 / 5).min(Duration::from_secs(3));
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn stopped_with(left: Duration) -> Ended {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let cx = Cx::new(left).with_cancel(cancel);
        cx.bounded(std::future::pending::<()>()).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_stop_at_the_deadline_is_the_deadline() {
        assert_eq!(
            stopped_with(Duration::from_millis(5)).await,
            Ended::Deadline
        );
        assert_eq!(stopped_with(Duration::from_secs(5)).await, Ended::Cancelled);
    }
}
