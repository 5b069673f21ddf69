//! Whether text is PEM of certificates and keys, as far as that shows without reading them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Whether there is at least one certificate in it.
pub(super) fn has_certificate(text: &str) -> bool {
    blocks(text).any(|(label, body)| label == "CERTIFICATE" && is_der(body))
}

/// Whether there is a private key in it.
pub(super) fn has_key(text: &str) -> bool {
    blocks(text).any(|(label, body)| label.ends_with("PRIVATE KEY") && is_der(body))
}

/// Whether there are blocks, and all of them are of the kind that is asked for.
pub(super) fn has_only(text: &str, label: Option<&str>) -> bool {
    let mut found = blocks(text)
        .filter(|(_, body)| is_base64(body))
        .map(|(found, _)| found)
        .peekable();
    found.peek().is_some() && found.all(|found| label.is_none_or(|label| found == label))
}

fn is_base64(body: &str) -> bool {
    let compact: String = body.split_whitespace().collect();
    STANDARD.decode(compact).is_ok()
}

/// Labels and bodies of the blocks.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("-----BEGIN ").skip(1).filter_map(|part| {
        let (label, rest) = part.split_once("-----")?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        Some((label, body))
    })
}

/// One ASN.1 sequence that is as long as it says.
fn is_der(body: &str) -> bool {
    let compact: String = body.split_whitespace().collect();
    let Ok(bytes) = STANDARD.decode(compact) else {
        return false;
    };
    match bytes.as_slice() {
        [0x30, length @ 0..=0x7f, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x81, length, rest @ ..] => rest.len() == usize::from(*length),
        [0x30, 0x82, high, low, rest @ ..] => {
            rest.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}
