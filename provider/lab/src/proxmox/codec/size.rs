//! Disk sizes: `32G`, `528K`, `104858K`, plain bytes (recorded with PVE 9.2).

const UNITS: [(char, u64); 4] = [
    ('K', 1 << 10),
    ('M', 1 << 20),
    ('G', 1 << 30),
    ('T', 1 << 40),
];

/// Bytes of a size text; none where it is not a size.
pub(crate) fn bytes_of(text: &str) -> Option<u64> {
    let unit = UNITS.iter().find(|(letter, _)| text.ends_with(*letter));
    let (number, factor) = match unit {
        Some((letter, factor)) => (text.trim_end_matches(*letter), *factor),
        None => (text, 1),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = !whole.is_empty() && digits(whole) && digits(decimals);
    if !shaped || (number.contains('.') && decimals.is_empty()) {
        return None;
    }
    if decimals.is_empty() {
        return whole.parse::<u64>().ok()?.checked_mul(factor);
    }
    scaled(number, factor)
}

/// A decimal count of units in bytes, rounded down.
pub(crate) fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let places = u32::try_from(decimals.len()).ok()?;
    let base = 10_u128.checked_pow(places)?;
    let parts = whole.parse::<u128>().ok()?.checked_mul(base)?;
    let total = parts.checked_add(decimals.parse().ok()?)?;
    u64::try_from(total.checked_mul(factor.into())? / base).ok()
}

/// The largest unit that gives a whole number; zero is `0T`.
pub(crate) fn print_bytes(bytes: u64) -> String {
    let unit = UNITS
        .iter()
        .rev()
        .find(|(_, factor)| bytes.is_multiple_of(*factor));
    match unit {
        Some((letter, factor)) => format!("{}{letter}", bytes / factor),
        None => bytes.to_string(),
    }
}

/// Volumes are made in whole KiB: 0.1 GiB becomes 104858 KiB.
pub(crate) fn round_to_kib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 10) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes, printed) in [
            ("32G", 34_359_738_368, "32G"),
            ("81920M", 85_899_345_920, "80G"),
            ("1.5G", 1_610_612_736, "1536M"),
            ("100", 100, "100"),
            ("540672", 540_672, "528K"),
            ("1024G", 1 << 40, "1T"),
            ("0", 0, "0T"),
        ] {
            assert_eq!(bytes_of(text), Some(bytes), "{text}");
            assert_eq!(print_bytes(bytes), printed, "{text}");
        }
        for text in ["", "G", "-1", "32GB", "1.G", "x"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }
}
