//! Base64 as Go reads it: line breaks do not count, nor the bits of the last letter that belong to no byte.

use base64::alphabet;
use base64::engine::{
    Engine as _, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD,
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes of a text; `None` where Go reads none.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    LENIENT.decode(compact).ok()
}

/// The text as Go writes what it reads of it.
pub(super) fn canonical(text: &str) -> Option<String> {
    decode(text).map(|bytes| STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_count() {
        for text in ["YQ==", "YR==", "Y\r\nQ=\n="] {
            assert_eq!(canonical(text).as_deref(), Some("YQ=="), "{text:?}");
        }
        for text in ["YQ", "YQ=", "Y Q==", "YQ==YQ==", "*"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
