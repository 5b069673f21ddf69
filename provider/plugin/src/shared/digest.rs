//! Digests that may be shown: keyed, so that nobody can guess a short secret from them.

use client_core::hex;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// HMAC-SHA256 of `text` in lower-case hexadecimal. `key` is a secret of the cluster or of the object, which no message shows.
pub fn keyed(key: &str, text: &str) -> String {
    // HMAC takes keys of any length; the error exists for other algorithms.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    hex(mac.finalize().into_bytes())
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
