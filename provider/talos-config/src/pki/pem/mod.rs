//! PEM blocks (RFC 7468) and the base64 of them that Talos stores.

mod scan;

use ::base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::base64;
use crate::secrets::Secret;

const LINE: usize = 64;

/// One PEM block.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) has_headers: bool,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Text is not one PEM block, or not base64 of one. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// The outer base64 does not decode.
    #[error("not base64 of PEM text")]
    NotBase64,
    /// No BEGIN and END lines of the same label, or no base64 between them.
    #[error("not a PEM block")]
    NotPem,
}

/// PEM text with 64 columns and a final line feed, as Go writes it.
pub(crate) fn encode(label: &str, der: &[u8]) -> Secret {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut out = format!("-----BEGIN {label}-----\n");
    for start in (0..body.len()).step_by(LINE) {
        out.push_str(&body[start..body.len().min(start + LINE)]);
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    Secret::new(out)
}

/// The PEM blocks in `text`, in their order.
pub(crate) fn blocks(text: &[u8]) -> impl Iterator<Item = Block> {
    scan::Blocks(text)
}

/// The first PEM block in `text`.
pub(crate) fn decode(text: &[u8]) -> Result<Block, PemError> {
    blocks(text).next().ok_or(PemError::NotPem)
}

/// Standard base64 of PEM text: the form of every `crt` and `key` in a machine configuration.
pub(crate) fn to_base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The bytes of a PEM text in standard base64.
pub(crate) fn from_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, PemError> {
    base64::decode(text.as_bytes()).ok_or(PemError::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_survives_encoding() {
        let der: Vec<u8> = (0..200).map(|n| n as u8).collect();
        let text = encode("EC PRIVATE KEY", &der);
        let block = decode(text.expose().as_bytes()).unwrap();
        assert!(block.label == "EC PRIVATE KEY" && *block.der == der);
        assert!(text.expose().lines().all(|line| line.len() <= 64));
        let stored = to_base64(text.expose());
        assert_eq!(*from_base64(&stored).unwrap(), text.expose().as_bytes());
    }

    #[test]
    fn other_text_is_refused() {
        assert!(decode(b"mock").is_err());
        assert!(decode(b"-----BEGIN A-----\nAAAA\n-----END B-----\n").is_err());
        assert!(decode(b"-----BEGIN A-----\n%%%%\n-----END A-----\n").is_err());
        assert_eq!(from_base64("%").err(), Some(PemError::NotBase64));
    }
}
