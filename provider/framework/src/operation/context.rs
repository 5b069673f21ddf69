//! What an operation may ask and say while it runs.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::lock;
use crate::author::{DataSource, Ephemeral, Provider, Resource};
use crate::cty::Path;
use crate::diag::{Diagnostic, Diagnostics};

/// Context of create, update and delete; `private()` is the planned private state.
pub type ApplyCx<R> = Cx<<R as Resource>::Provider, <R as Resource>::Private>;
/// Context of read and import.
pub type ReadCx<R> = Cx<<R as Resource>::Provider, <R as Resource>::Private>;
/// Context of reading a data source.
pub type DataCx<D> = Cx<<D as DataSource>::Provider, ()>;
/// Context of ephemeral resources.
pub type EphemeralCx<E> = Cx<<E as Ephemeral>::Provider, ()>;

/// Why an operation is asked to end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The user interrupted, or core is gone.
    Stopped,
    /// The time allowed is over.
    Deadline,
}

/// The context of one operation.
pub struct Cx<P: Provider, V> {
    data: P::Data,
    private: V,
    state: Arc<OpState>,
}

/// The part of a context that does not depend on types.
pub(crate) struct OpState {
    /// What is going on, for messages: "create of demo_file".
    pub(crate) what: String,
    /// Which member of `timeouts` prolongs it.
    pub(crate) member: &'static str,
    pub(crate) allowed: Duration,
    pub(crate) deadline: Instant,
    /// Cancelled for the whole provider.
    pub(crate) stop: CancellationToken,
    /// Cancelled for this operation.
    pub(crate) token: CancellationToken,
    pub(crate) reason: OnceLock<StopReason>,
    pub(crate) phase: Mutex<String>,
    pub(crate) found: Mutex<Diagnostics>,
}

impl OpState {
    pub(crate) fn new(
        stop: &CancellationToken,
        what: String,
        member: &'static str,
        allowed: Duration,
    ) -> Arc<Self> {
        // Far enough to mean never, near enough to add.
        let bounded = allowed.min(Duration::from_secs(365 * 24 * 3600));
        Arc::new(Self {
            what,
            member,
            allowed,
            deadline: Instant::now() + bounded,
            stop: stop.clone(),
            token: CancellationToken::new(),
            reason: OnceLock::new(),
            phase: Mutex::default(),
            found: Mutex::default(),
        })
    }

    /// The findings so far.
    pub(crate) fn take_found(&self) -> Diagnostics {
        std::mem::take(&mut lock(&self.found))
    }
}

impl<P: Provider, V> Cx<P, V> {
    pub(crate) fn new(data: P::Data, private: V, state: Arc<OpState>) -> Self {
        Self {
            data,
            private,
            state,
        }
    }

    /// The provider's handle.
    pub fn provider(&self) -> &P::Data {
        &self.data
    }

    /// Private state: the planned one in create, update and delete, the stored one in read.
    pub fn private(&self) -> &V {
        &self.private
    }

    /// Adds a warning.
    pub fn warn(&self, summary: impl Into<String>, detail: impl Into<String>) {
        lock(&self.state.found).push(Diagnostic::warning(summary, detail));
    }

    /// Adds a warning about one place.
    pub fn warn_at(
        &self,
        path: impl Into<Path>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        lock(&self.state.found).push(Diagnostic::warning(summary, detail).at(path));
    }

    /// Says what is going on: for the log, and for the error when time runs out. Must hold no secret.
    pub fn phase(&self, text: impl Into<String>) {
        let text = text.into();
        let mut phase = lock(&self.state.phase);
        if *phase != text {
            tracing::info!(operation = %self.state.what, "{text}");
            *phase = text;
        }
    }

    /// When the time allowed is over.
    pub fn deadline(&self) -> Instant {
        self.state.deadline
    }

    /// What is left of the time allowed.
    pub fn remaining(&self) -> Duration {
        self.state
            .deadline
            .saturating_duration_since(Instant::now())
    }

    /// Cancelled when the operation shall end: four seconds later it is dropped.
    pub fn token(&self) -> &CancellationToken {
        &self.state.token
    }

    /// Waits until the operation shall end.
    pub async fn cancelled(&self) {
        self.state.token.cancelled().await;
    }

    /// Why the operation shall end, once it shall.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.state.reason.get().copied()
    }
}
