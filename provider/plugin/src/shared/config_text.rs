//! Configuration text as stages hand it over: YAML, or base64 of gzip of it.
//!
//! Terragrunt passes inputs through environment variables, which hold 128 KiB at most and in which
//! Terraform expands template signs; `base64gzip()` keeps a configuration small and free of both.

use std::io::Read;

use base64::Engine;

/// Largest text that is unpacked, in bytes: a guard against decompression bombs.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The YAML text behind `value`.
pub fn unpack(value: &str) -> Result<String, UnpackError> {
    match gzip_bytes(value) {
        None => Ok(value.to_owned()),
        Some(bytes) => gunzip(&bytes),
    }
}

/// Why a packed configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The base64 text holds gzip data that is damaged.
    #[error(
        "it looks like base64 of gzip, but the gzip data is damaged; pass the unchanged result of base64gzip()"
    )]
    Damaged,
    /// What came out is not text.
    #[error("it is base64 of gzip, but what comes out is no text: {0}")]
    NotText(#[from] talos_config::document::LoadError),
    /// What came out is larger than any configuration.
    #[error("it unpacks to more than 16 MiB")]
    TooLarge,
}

/// base64 of the gzip magic (1f 8b 08) always begins with these characters.
fn gzip_bytes(value: &str) -> Option<Vec<u8>> {
    let value = value.trim();
    if !value.starts_with("H4sI") || value.contains(['\n', ' ', ':']) {
        return None;
    }
    base64::engine::general_purpose::STANDARD.decode(value).ok()
}

fn gunzip(bytes: &[u8]) -> Result<String, UnpackError> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(LARGEST + 1)
        .read_to_end(&mut text)
        .map_err(|_| UnpackError::Damaged)?;
    if text.len() as u64 > LARGEST {
        return Err(UnpackError::TooLarge);
    }
    Ok(talos_config::document::text(&text)?.to_owned())
}

/// base64 of gzip of `text`: what [`unpack`] reads, used for what private state keeps.
pub fn pack(text: &str) -> String {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory does not fail; should it, plain text is as good.
    let packed = encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish());
    packed.map_or_else(
        |_| text.to_owned(),
        |bytes| base64::engine::general_purpose::STANDARD.encode(bytes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_passes_through() {
        let text = "machine:\n    type: controlplane\n";
        assert_eq!(unpack(text).unwrap(), text);
    }

    #[test]
    fn packed_text_comes_back() {
        let text = "a: \"${not.a.template}\" # %{ either }\n".repeat(1000);
        let packed = pack(&text);
        assert!(packed.len() < text.len() / 10);
        assert_eq!(unpack(&packed).unwrap(), text);
    }

    #[test]
    fn bytes_that_are_no_text_have_a_place() {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"machine:\n    token: a\xffb\n").unwrap();
        let packed = base64::engine::general_purpose::STANDARD.encode(encoder.finish().unwrap());
        let error = unpack(&packed).unwrap_err().to_string();
        assert!(
            error.contains("document number 1: machine.token") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn damaged_gzip_is_named() {
        let mut packed = pack("machine: {}\n");
        packed.truncate(packed.len() / 2 / 4 * 4);
        assert!(matches!(unpack(&packed), Err(UnpackError::Damaged)));
    }
}
