//! Sizes for people: `10GB`, `4 GiB`, `4096`.

const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
    ("p", 1_000_000_000_000_000),
    ("pb", 1_000_000_000_000_000),
    ("pi", 1 << 50),
    ("pib", 1 << 50),
    ("e", 1_000_000_000_000_000_000),
    ("eb", 1_000_000_000_000_000_000),
    ("ei", 1 << 60),
    ("eib", 1 << 60),
];

/// Bytes that a text such as `1.5 GiB` stands for. Commas between digits are ignored.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
        .unwrap_or(text.len());
    let number: f64 = text[..end].replace(',', "").parse().ok()?;
    let unit = text[end..].trim().to_lowercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let bytes = number * *factor as f64;
    // Talos computes in floating point too: the same rounding.
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// The form in which Talos writes a partition size: for people where that loses nothing.
pub(crate) fn format_disk_size(bytes: u64) -> Result<String, u64> {
    if bytes.is_multiple_of(1000) {
        let text = humanize(bytes);
        if parse_bytes(&text) == Some(bytes) {
            return Ok(text);
        }
    }
    Err(bytes)
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn humanize(bytes: u64) -> String {
    const NAMES: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let exponent = ((bytes as f64).ln() / 1000_f64.ln()).floor();
    let value = (bytes as f64 / 1000_f64.powf(exponent) * 10.0 + 0.5).floor() / 10.0;
    let name = NAMES.get(exponent as usize).copied().unwrap_or("EB");
    if value < 10.0 {
        format!("{value:.1} {name}")
    } else {
        format!("{value:.0} {name}")
    }
}

/// Whether a text is a percentage that Talos takes: a number from 0 to 100 and `%`.
pub(super) fn is_percentage(text: &str) -> bool {
    let number = text.strip_suffix('%').and_then(|n| n.parse::<f64>().ok());
    number.is_some_and(|n| (0.0..=100.0).contains(&n))
}

/// Whether a text is a condition on a disk's size: an optional operator and a size.
pub(super) fn is_size_condition(text: &str) -> bool {
    let size = [">=", "<=", "==", ">", "<"]
        .iter()
        .find_map(|op| text.strip_prefix(op))
        .unwrap_or(text);
    parse_bytes(size.trim()).is_some()
}
