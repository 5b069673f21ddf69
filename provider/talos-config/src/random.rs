//! Randomness is an argument: this crate never asks the operating system for any.

/// A source of bytes fit for keys.
///
/// The plugin passes the operating system's generator, tests pass a repeatable one.
pub trait Random {
    /// Overwrites all of `bytes`. An implementation that cannot must not return.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// `N` fresh bytes.
pub(crate) fn bytes<const N: usize>(random: &mut dyn Random) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

#[cfg(test)]
pub(crate) mod testing {
    use super::Random;
    use sha2::{Digest, Sha256};

    /// Repeatable bytes: SHA-256 of the seed and a counter.
    pub(crate) struct Repeatable(pub u64, u64);

    impl Repeatable {
        pub(crate) fn new(seed: u64) -> Self {
            Self(seed, 0)
        }
    }

    impl Random for Repeatable {
        fn fill(&mut self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(32) {
                self.1 += 1;
                let block = Sha256::new()
                    .chain_update(self.0.to_be_bytes())
                    .chain_update(self.1.to_be_bytes())
                    .finalize();
                chunk.copy_from_slice(&block[..chunk.len()]);
            }
        }
    }
}
