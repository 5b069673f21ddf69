//! Randomness that repeats, for tests.

use sha2::{Digest, Sha256};
use talos_config::random::Random;

/// Bytes that depend on the number alone.
pub struct Repeatable(pub u64);

impl Random for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            chunk.copy_from_slice(&Sha256::digest(self.0.to_be_bytes())[..chunk.len()]);
        }
    }
}
