//! Whether texts are PEM of certificates and keys, as far as each line of Talos looks.

use crate::pki::{Certificate, PrivateKey, pem};

/// Whether there is at least one certificate in it, as where a pool of authorities is read: broken
/// ones and those with headers are passed over.
pub(super) fn has_certificate(text: &str) -> bool {
    pem::blocks(text.as_bytes()).any(|block| {
        block.label == "CERTIFICATE"
            && !block.has_headers
            && Certificate::from_der(&block.der).is_ok()
    })
}

/// Whether the first block is a certificate, whatever its label.
pub(super) fn is_certificate(text: &str) -> bool {
    pem::decode(text.as_bytes()).is_ok_and(|block| Certificate::from_der(&block.der).is_ok())
}

/// Whether the first block is a private key in PKCS#8, whatever its label.
pub(super) fn is_pkcs8_key(text: &str) -> bool {
    pem::decode(text.as_bytes()).is_ok_and(|block| PrivateKey::from_pkcs8(&block.der).is_some())
}

/// Whether there are blocks, and all of them are of the kind that is asked for.
pub(super) fn has_only(text: &str, label: Option<&str>) -> bool {
    let mut found = pem::blocks(text.as_bytes()).peekable();
    found.peek().is_some() && found.all(|found| label.is_none_or(|label| found.label == label))
}
