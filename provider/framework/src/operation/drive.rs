//! Runs author code so that neither panic nor endless waiting reaches core.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tracing::Instrument;

use super::context::{OpState, StopReason};
use super::{lock, panics};
use crate::diag::{Diagnostic, Diagnostics, Error, Severity};
use crate::model::go_text;

/// How long an operation may go on after it was asked to end. Core is promised five seconds.
const GRACE: Duration = Duration::from_secs(4);

/// Runs one operation to its end, its deadline or the provider's stop, whichever comes first.
///
/// Runs in a task of its own: core closing the connection must not drop a half-done change.
pub(crate) fn drive<T: Send + 'static>(
    state: Arc<OpState>,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> impl Future<Output = Result<T, Diagnostics>> {
    // On the heap, so that all operations share the code below.
    run(state, future.boxed())
}

async fn run<T: Send + 'static>(
    state: Arc<OpState>,
    future: BoxFuture<'static, Result<T, Error>>,
) -> Result<T, Diagnostics> {
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
        Some(Ok(Err(found))) => Err(explained(&state, found)),
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

/// What the author told, and why the operation ended. At the deadline that is one error, not two: the author's own
/// says what was missing, and learns how long it was waited for.
fn explained(state: &OpState, found: Diagnostics) -> Diagnostics {
    let Some(reason) = interrupted(state) else {
        return found;
    };
    if state.reason.get() != Some(&StopReason::Deadline) || !found.has_errors() {
        return std::iter::once(reason).chain(found).collect();
    }
    let mut late = Some(format!(
        "\n\nGiven up after {}. {}",
        go_text(state.allowed),
        reason.detail
    ));
    let explain = |mut diagnostic: Diagnostic| {
        if diagnostic.severity == Severity::Error {
            diagnostic.detail += &late.take().unwrap_or_default();
        }
        diagnostic
    };
    found.into_iter().map(explain).collect()
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
            format!("TS-INTERRUPTED: {what} was interrupted"),
            format!(
                "{phase}The state reached so far is kept. Run the same command again to continue."
            ),
        ),
        StopReason::Deadline => Diagnostic::error(
            format!(
                "TS-TIMED-OUT: {what} timed out after {}",
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

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// An operation that fails with `problem` as soon as it is asked to end.
    async fn ended(allowed: Duration, stop: &CancellationToken) -> Vec<Diagnostic> {
        let state = OpState::new(stop, "create of a_thing".to_owned(), "create", allowed);
        let token = state.token.clone();
        let work = async move {
            token.cancelled().await;
            Err::<(), _>(Error::new("TS-ABSENT: it is not there", "Look for it."))
        };
        drive(state, work).await.unwrap_err().into_iter().collect()
    }

    #[tokio::test]
    async fn what_ran_out_of_time_is_one_error_that_says_for_how_long_it_was_tried() {
        let told = ended(Duration::from_secs(1), &CancellationToken::new()).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].summary, "TS-ABSENT: it is not there");
        for part in ["Look for it.", "Given up after 1s", "timeouts.create"] {
            assert!(told[0].detail.contains(part), "{told:?}");
        }
    }

    #[tokio::test]
    async fn what_was_interrupted_says_so_first() {
        let stop = CancellationToken::new();
        stop.cancel();
        let told = ended(Duration::from_secs(60), &stop).await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].summary.starts_with("TS-INTERRUPTED"), "{told:?}");
    }
}
