//! The clock and the random source, which pure code is given instead of reading them.

use std::time::{SystemTime, UNIX_EPOCH};

use framework::prelude::*;
use ring::rand::{SecureRandom, SystemRandom};
use talos_config::pki::Timestamp;
use talos_config::random::Random;

/// The operating system's generator.
pub struct OsRandom(SystemRandom);

impl OsRandom {
    /// Makes sure that the generator answers, so that later draws cannot fail.
    pub fn new() -> Result<Self, Error> {
        let random = SystemRandom::new();
        random.fill(&mut [0; 1]).map_err(|_| {
            Error::new(
                "TS-RANDOM: the operating system gives no random numbers",
                "Keys cannot be generated without them. Check that this process may use getrandom(2) or read /dev/urandom.",
            )
        })?;
        Ok(Self(random))
    }
}

impl Random for OsRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        // It answered in `new`; a generator that stops later must not yield predictable keys.
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// The present time, in seconds.
pub fn now() -> Timestamp {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    Timestamp(i64::try_from(seconds).unwrap_or(i64::MAX))
}
