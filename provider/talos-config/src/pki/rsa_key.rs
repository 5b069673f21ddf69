use rsa::RsaPrivateKey;
use rsa::rand_core::{self, CryptoRng, RngCore};

use crate::random::Random;

const BITS: usize = 4096;

/// A new RSA-4096 key with the usual exponent 65537.
pub(super) fn generate(random: &mut dyn Random) -> RsaPrivateKey {
    let mut source = Adapter(random);
    loop {
        // It fails only for sizes and exponents that make no sense.
        if let Ok(key) = RsaPrivateKey::new(&mut source, BITS) {
            return key;
        }
    }
}

struct Adapter<'a>(&'a mut dyn Random);

impl CryptoRng for Adapter<'_> {}

impl RngCore for Adapter<'_> {
    fn next_u32(&mut self) -> u32 {
        u32::from_be_bytes(crate::random::bytes(self.0))
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_be_bytes(crate::random::bytes(self.0))
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}
