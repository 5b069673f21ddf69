//! PEM blocks (RFC 7468) and the base64 of them that Talos stores.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::secrets::Secret;

const LINE: usize = 64;

/// One PEM block.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Text is not one PEM block, or not base64 of one. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// The outer base64 does not decode to text.
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

/// The first PEM block in `text`.
pub(crate) fn decode(text: &str) -> Result<Block, PemError> {
    let start = text.find("-----BEGIN ").ok_or(PemError::NotPem)? + "-----BEGIN ".len();
    let (label, rest) = text[start..].split_once("-----").ok_or(PemError::NotPem)?;
    let end = rest
        .find(&format!("-----END {label}-----"))
        .ok_or(PemError::NotPem)?;
    let body: Zeroizing<String> = Zeroizing::new(
        rest[..end]
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .collect(),
    );
    let der = STANDARD
        .decode(body.as_bytes())
        .map_err(|_| PemError::NotPem)?;
    Ok(Block {
        label: label.to_owned(),
        der: Zeroizing::new(der),
    })
}

/// Standard base64 of PEM text: the form of every `crt` and `key` in a machine configuration.
pub(crate) fn to_base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The PEM text in standard base64.
pub(crate) fn from_base64(text: &str) -> Result<Secret, PemError> {
    let bytes = Zeroizing::new(
        STANDARD
            .decode(text.trim())
            .map_err(|_| PemError::NotBase64)?,
    );
    let text = std::str::from_utf8(&bytes).map_err(|_| PemError::NotBase64)?;
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_survives_encoding() {
        let der: Vec<u8> = (0..200).map(|n| n as u8).collect();
        let text = encode("EC PRIVATE KEY", &der);
        let block = decode(text.expose()).unwrap();
        assert!(block.label == "EC PRIVATE KEY" && *block.der == der);
        assert!(text.expose().lines().all(|line| line.len() <= 64));
        let stored = to_base64(text.expose());
        assert!(from_base64(&stored).unwrap() == text);
    }

    #[test]
    fn other_text_is_refused() {
        assert!(decode("mock").is_err());
        assert!(decode("-----BEGIN A-----\nAAAA\n-----END B-----\n").is_err());
        assert!(decode("-----BEGIN A-----\n%%%%\n-----END A-----\n").is_err());
        assert_eq!(from_base64("%").err(), Some(PemError::NotBase64));
    }
}
