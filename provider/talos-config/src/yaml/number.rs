//! Numbers in Go's notation: literals with base prefixes, and the shortest `%g` form of a float.

/// An integer literal with an optional sign and an optional base prefix (`0x`, `0o`, `0b`, or a
/// plain leading zero for octal). Underscores must be gone. Range: `i64`, or `u64` without a sign.
pub(super) fn parse_int(text: &str) -> Option<i128> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = base(digits);
    if digits.is_empty() || !digits.bytes().all(|b| (b as char).is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -magnitude } else { magnitude };
    let most = if signed {
        i128::from(i64::MAX)
    } else {
        i128::from(u64::MAX)
    };
    (value >= i128::from(i64::MIN) && value <= most).then_some(value)
}

/// Integers of which only old readers know: those with the sign behind `0b` or `0o`.
pub(super) fn parse_old_int(text: &str) -> Option<i128> {
    let (radix, digits) = match text.get(..2)? {
        "0b" => (2, &text[2..]),
        "0o" => (8, &text[2..]),
        _ => return None,
    };
    let signed = digits.starts_with(['-', '+']);
    let value = i64::from_str_radix(digits, radix).ok()?;
    signed.then_some(i128::from(value))
}

fn base(digits: &str) -> (u32, &str) {
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    match lower.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    }
}

/// A decimal float as YAML 1.2's core schema writes it: `[-+]?(\.d+|d+(\.d*)?)([eE][-+]?d+)?`.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let shaped = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| {
            let e = e.strip_prefix(['-', '+']).unwrap_or(e);
            !e.is_empty() && digits(e)
        });
    let value: f64 = shaped.then(|| text.parse().ok())??;
    // Go refuses what overflows; the text is a string then.
    value.is_finite().then_some(value)
}

/// What Go's `%g` with the fewest digits prints, in YAML's words for infinities and NaN.
pub(super) fn format_float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // Go takes the exponent form below 1e-4 and from 1e6 on.
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}
