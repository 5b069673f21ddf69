//! Exact decimal numbers: core compares up to 512 bits, a float would not survive the way there and back.

use std::fmt;

/// A finite decimal number in canonical form, so that equality is numeric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// A whole number.
    Int(i128),
    /// Anything else, as plain digits without exponent, superfluous zero or plus sign.
    Decimal(String),
}

impl Number {
    /// The number a float stands for in text (0.1 means one tenth); `None` for NaN and infinities.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        Self::parse(&format!("{value}"))
    }

    /// The number whose float the wire carried: core sends floats only where they are exact.
    pub(crate) fn from_exact_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        Self::parse(&format!("{value:.1074}"))
    }

    /// Reads decimal text with an optional exponent.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty()
            || !all.bytes().all(|byte| byte.is_ascii_digit())
            || exponent.unsigned_abs() > 10_000
        {
            return None;
        }
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
        Some(Self::from_digits(negative, &all, point))
    }

    /// `digits` with the decimal point after `point` of them.
    fn from_digits(negative: bool, digits: &str, point: i64) -> Self {
        let (whole, fraction) = match usize::try_from(point) {
            Err(_) => (
                String::new(),
                format!("{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
            ),
            Ok(point) if point >= digits.len() => (
                format!("{digits}{}", "0".repeat(point - digits.len())),
                String::new(),
            ),
            Ok(point) => (digits[..point].to_owned(), digits[point..].to_owned()),
        };
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let sign = if negative { "-" } else { "" };
        if fraction.is_empty() {
            let text = format!("{sign}{whole}");
            return text.parse().map_or(Self::Decimal(text), Self::Int);
        }
        Self::Decimal(format!("{sign}{whole}.{fraction}"))
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Int(value) => *value as f64,
            Self::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// The value as an `i64`, when it is one.
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => i64::try_from(*value).ok(),
            Self::Decimal(_) => None,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Decimal(text) => f.write_str(text),
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Int(value.into())
    }
}
