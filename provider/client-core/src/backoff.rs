//! Pauses between looks at something that takes time.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Catalogued, Cx, Error};

/// The shortest pause.
const SHORTEST: Duration = Duration::from_millis(250);
/// The longest pause, where nobody asks for a shorter one.
const LONGEST: Duration = Duration::from_secs(4);
/// The part of the time waited so far that a pause lasts: what is waited for is seen by at most that much later.
const PART: u32 = 20;

/// Pauses that grow with the time that was waited: a twentieth of it, 250 ms at least.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    begun: Instant,
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::up_to(LONGEST)
    }
}

impl Backoff {
    /// Pauses of at most this long.
    pub fn up_to(longest: Duration) -> Self {
        Self {
            begun: Instant::now(),
            longest,
        }
    }

    /// Starts over after something moved.
    pub fn reset(&mut self) {
        self.begun = Instant::now();
    }

    /// How long the next pause is.
    pub fn next(&self) -> Duration {
        (self.begun.elapsed() / PART)
            .max(SHORTEST)
            .min(self.longest)
    }

    /// Waits out the next pause.
    ///
    /// # Errors
    /// `problem` when the operation ends meanwhile, as stopped where somebody stopped it.
    pub async fn pause<C: Catalogued>(&self, cx: &Cx, problem: Error<C>) -> Result<(), Error<C>> {
        let paused = cx.pause(self.next()).await;
        paused.map_err(|ended| ended.with(problem))
    }

    /// Waits out the next pause; false when it was stopped.
    pub async fn wait(&self, token: &CancellationToken) -> bool {
        tokio::select! {
            () = token.cancelled() => false,
            () = tokio::time::sleep(self.next()) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_with_the_wait() {
        let mut backoff = Backoff::default();
        let after = async |seconds| {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            backoff.next().as_millis()
        };
        assert_eq!(after(0).await, 250);
        assert_eq!(after(4).await, 250);
        assert_eq!(after(16).await, 1000);
        assert_eq!(after(300).await, 4000);
        backoff.reset();
        assert_eq!(backoff.next(), SHORTEST);
        let short = Backoff::up_to(Duration::from_millis(100));
        assert_eq!(short.next(), Duration::from_millis(100));
    }
}
