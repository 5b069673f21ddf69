//! Durations in Go's notation, in nanoseconds.

const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads `1h30m`, `-1.5s`, `0`; `None` for anything else or what does not fit 63 bits.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (value, after) = part(rest)?;
        total += value;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// One number with its unit.
fn part(text: &str) -> Option<(i128, &str)> {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let after = &text[whole..];
    let (fraction, after) = match after.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", after),
    };
    if whole == 0 && fraction.is_empty() {
        return None;
    }
    let end = after
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(after.len());
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == &after[..end])?;
    let unit = i128::from(*unit);
    let whole: i128 = if whole == 0 {
        0
    } else {
        text[..whole].parse().ok()?
    };
    // Eighteen digits are more than any unit can show.
    let kept = &fraction[..fraction.len().min(18)];
    let scale = 10_i128.pow(u32::try_from(kept.len()).ok()?);
    let part: i128 = if kept.is_empty() {
        0
    } else {
        kept.parse().ok()?
    };
    let value = whole.checked_mul(unit)?.checked_add(part * unit / scale)?;
    Some((value, &after[end..]))
}

/// Writes `168h0m0s`, `1m30.5s`, `250ms`, `0s`.
pub(crate) fn format(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    if total == 0 {
        return "0s".to_owned();
    }
    if total < 1_000_000_000 {
        let (unit, name) = match total {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", decimal(total, unit));
    }
    let minutes = total / 60_000_000_000;
    let seconds = decimal(total % 60_000_000_000, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, m) => format!("{sign}{m}m{seconds}s"),
        (h, m) => format!("{sign}{h}h{m}m{seconds}s"),
    }
}

/// `value / unit` with as many decimals as it takes.
fn decimal(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", value % unit);
    let fraction = fraction.trim_end_matches('0');
    match (width, fraction) {
        (0, _) | (_, "") => (value / unit).to_string(),
        _ => format!("{}.{fraction}", value / unit),
    }
}
