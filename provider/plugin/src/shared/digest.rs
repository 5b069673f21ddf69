//! Digests that may be shown: keyed, so that nobody can guess a short secret from them.

use std::fmt::Write;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// HMAC-SHA256 of `text`, keyed with the cluster's secret, in lower-case hexadecimal.
pub fn keyed(key: &str, text: &str) -> String {
    // HMAC takes keys of any length; the error exists for other algorithms.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    let mut hex = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn equals_the_published_vector() {
        let digest = keyed("Jefe", "what do ya want for nothing?");
        assert_eq!(
            digest,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
