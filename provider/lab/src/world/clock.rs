//! The lab's clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How the lab's time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Only when a test says so.
    Explicit,
    /// By itself, that many seconds in a real one.
    Auto(f64),
}

/// Real moments translated into the lab's.
#[derive(Debug)]
pub(super) struct Clock {
    pace: Pace,
    started: Instant,
    /// Milliseconds since 1970 when the lab started.
    origin: i64,
}

impl Clock {
    pub(super) fn new(pace: Pace, origin: i64) -> Self {
        Self {
            pace,
            started: Instant::now(),
            origin,
        }
    }

    /// What the clock shows, where it goes by itself.
    pub(super) fn shows(&self) -> Option<i64> {
        let Pace::Auto(speed) = self.pace else {
            return None;
        };
        let passed = self.started.elapsed().mul_f64(speed);
        Some(self.origin + i64::try_from(passed.as_millis()).unwrap_or(i64::MAX / 2))
    }

    /// How long a wait of the lab's milliseconds really takes; none where only a test decides.
    pub(super) fn really(&self, milliseconds: i64) -> Option<Duration> {
        let Pace::Auto(speed) = self.pace else {
            return None;
        };
        let milliseconds = u64::try_from(milliseconds.max(1)).unwrap_or(1);
        Some(Duration::from_millis(milliseconds).div_f64(speed.max(0.001)))
    }
}

/// Milliseconds since 1970, for a world that starts now.
pub(super) fn real_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}
