//! Standard base64 as Go reads it: line breaks count for nothing, nor do bits behind the last byte.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use zeroize::Zeroizing;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes, `None` if it is no base64.
pub(crate) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_text = |byte: &u8| !matches!(byte, b'\n' | b'\r');
    let compact: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.iter().copied().filter(is_text).collect());
    LENIENT.decode(&*compact).ok().map(Zeroizing::new)
}

/// The same bytes in one line, as Talos writes them; `None` if it is no base64.
pub(crate) fn canonical(text: &str) -> Option<String> {
    decode(text.as_bytes()).map(|bytes| STANDARD.encode(&*bytes))
}

/// [`canonical`]; what is no base64 stays as it is.
pub(crate) fn normal(text: String) -> String {
    canonical(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_spare_bits_do_not_count() {
        for text in ["YWI=", "YW\r\nI=\n", "YWJ=", "Y\nWI\n="] {
            assert_eq!(normal(text.to_owned()), "YWI=");
        }
    }

    #[test]
    fn what_is_no_base64_stays() {
        for text in ["YW I=", "YWI", "******", "%", "YWI==", "YWI=YWI="] {
            assert_eq!(normal(text.to_owned()), text);
            assert!(decode(text.as_bytes()).is_none());
        }
    }
}
