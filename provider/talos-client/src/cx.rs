//! The limits of an operation and who is told while it waits.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use client_core::Backoff;
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

/// Limits and company of one operation.
#[derive(Clone)]
pub struct Cx {
    limits: client_core::Cx,
    observer: Option<Observer>,
    waited_out: BTreeSet<Code>,
}

impl Deref for Cx {
    type Target = client_core::Cx;

    fn deref(&self) -> &client_core::Cx {
        &self.limits
    }
}

impl Cx {
    /// An operation that may take this long.
    pub fn new(timeout: Duration) -> Cx {
        Cx {
            limits: client_core::Cx::new(timeout),
            observer: None,
            waited_out: BTreeSet::new(),
        }
    }

    /// Ends when the token is cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Cx {
        self.limits = self.limits.with_cancel(cancel);
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
            limits: self.limits.capped(timeout),
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
            backoff: Backoff::default(),
        }
    }

    /// Returns when the next attempt is due; with the error when the operation does not wait it out or has ended.
    pub(crate) async fn after(&mut self, cx: &Cx, error: Error) -> Result<(), Error> {
        if !cx.waits_out(&error) {
            return Err(error);
        }
        cx.tell(&error, self.begun.elapsed());
        self.backoff.pause(cx, error).await
    }
}
