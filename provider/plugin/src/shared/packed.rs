//! JSON that is kept in private state: compressed, because manifests are long and repeat themselves.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value as base64 of gzip of JSON; empty where that fails, which reads back as nothing.
pub fn pack<T: Serialize>(value: &T) -> String {
    let pack = || -> Option<String> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&serde_json::to_vec(value).ok()?).ok()?;
        Some(STANDARD.encode(encoder.finish().ok()?))
    };
    pack().unwrap_or_default()
}

/// What was packed; `None` where nothing was, or it is damaged.
pub fn unpack<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = STANDARD.decode(text).ok()?;
    let mut json = Vec::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut json)
        .ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let value = vec!["a".repeat(10_000)];
        let packed = pack(&value);
        assert!(packed.len() < 200, "{}", packed.len());
        assert_eq!(unpack::<Vec<String>>(&packed), Some(value));
        assert_eq!(unpack::<Vec<String>>("nonsense"), None);
    }
}
