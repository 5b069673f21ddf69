//! Runs author code so that neither panic nor endless waiting reaches core.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tracing::Instrument;

use super::context::{OpState, StopReason};
use super::{lock, panics};
use crate::diag::{Diagnostic, Diagnostics, Error};
use crate::model::go_text;

/// How long an operation may go on after it was asked to end. Core is promised five seconds.
const GRACE: Duration = Duration::from_secs(4);

/// Runs one operation to its end, its deadline or the provider's stop, whichever comes first.
///
/// Runs in a task of its own: core closing the connection must not drop a half-done change.
pub(crate) async fn drive<T, F>(state: Arc<OpState>, future: F) -> Result<T, Diagnostics>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let caught = AssertUnwindSafe(future)
        .catch_unwind()
        .map(|ended| match ended {
            Ok(result) => result.map_err(Diagnostics::from),
            Err(payload) => Err(panics::diagnostic(&*payload).into()),
        });
    let mut task = tokio::spawn(caught.instrument(tracing::Span::current()));
    let ended = tokio::select! {
        biased;
        ended = &mut task => Some(ended),
        () = state.stop.cancelled() => end(&state, StopReason::Stopped),
        () = tokio::time::sleep_until(state.deadline.into()) => end(&state, StopReason::Deadline),
    };
    let ended = match ended {
        Some(ended) => Some(ended),
        None => tokio::time::timeout(GRACE, &mut task).await.ok(),
    };
    match ended {
        Some(Ok(Ok(value))) => Ok(value),
        Some(Ok(Err(found))) => Err(interrupted(&state).into_iter().chain(found).collect()),
        Some(Err(_)) => Err(panics::unexplained().into()),
        None => {
            task.abort();
            Err(interrupted(&state).into_iter().collect())
        }
    }
}

fn end<T>(state: &OpState, reason: StopReason) -> Option<T> {
    // The first reason stays: it is the one to tell.
    let _ = state.reason.set(reason);
    state.token.cancel();
    None
}

fn interrupted(state: &OpState) -> Option<Diagnostic> {
    let phase = lock(&state.phase).clone();
    let phase = if phase.is_empty() {
        String::new()
    } else {
        format!("It was {phase}. ")
    };
    let what = &state.what;
    Some(match state.reason.get()? {
        StopReason::Stopped => Diagnostic::error(
            format!("TS-INTERRUPTED {what} was interrupted"),
            format!(
                "{phase}The state reached so far is kept. Run the same command again to continue."
            ),
        ),
        StopReason::Deadline => Diagnostic::error(
            format!(
                "TS-TIMED-OUT {what} timed out after {}",
                go_text(state.allowed)
            ),
            format!(
                "{phase}The state reached so far is kept. If this needs longer by nature, raise timeouts.{}.",
                state.member
            ),
        ),
    })
}

/// Runs pure author code; a panic becomes a diagnostic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Diagnostics> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| panics::diagnostic(&*payload).into())
}
