//! Sizes of disks.

use std::fmt;

const UNITS: [(char, u64); 4] = [
    ('T', 1 << 40),
    ('G', 1 << 30),
    ('M', 1 << 20),
    ('K', 1 << 10),
];

/// A size in bytes, written in the largest unit that is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// Reads a number with K, M, G, T or nothing behind it, for bytes.
    pub fn parse(text: &str) -> Option<Size> {
        let (number, unit) = match text.chars().last()? {
            last if last.is_ascii_digit() => (text, 1),
            last => {
                let unit = UNITS.iter().find(|(name, _)| *name == last)?.1;
                (&text[..text.len() - 1], unit)
            }
        };
        if let Ok(number) = number.parse::<u64>() {
            return number.checked_mul(unit).map(Size);
        }
        let decimal = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
        let number: f64 = number.parse().ok().filter(|_| decimal)?;
        Some(Size((number * unit as f64).round() as u64))
    }

    /// Whole GiB, rounded up.
    pub fn gib(self) -> u64 {
        self.0.div_ceil(1 << 30)
    }

    /// Whether it is a whole number of GiB.
    pub fn is_whole_gib(self) -> bool {
        self.0.is_multiple_of(1 << 30)
    }
}

/// So many GiB.
pub fn gib(gib: u64) -> Size {
    Size(gib.saturating_mul(1 << 30))
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS.iter().find(|(_, unit)| self.0.is_multiple_of(*unit));
        match exact {
            Some((name, unit)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}", self.0),
        }
    }
}
