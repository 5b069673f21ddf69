//! Timestamps: which plain scalars Go's YAML reader takes for one, and how it writes them again.

/// The RFC 3339 form of a scalar that reads as a timestamp, `None` if it does not.
///
/// Accepted: `Y-M-D`, `Y-M-D h:m:s[.f]`, and `Y-M-DTh:m:s[.f]` with `Z` or `±hh:mm`, with `T` in
/// either case; month to second with one or two digits.
pub(super) fn normalize(text: &str) -> Option<String> {
    let (year, rest) = text.split_once('-')?;
    if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut cursor = Cursor(rest);
    let month = cursor.number(2)?;
    cursor.literal('-')?;
    let day = cursor.number(2)?;
    if !(1..=12).contains(&month) || !(1..=days_in(year.parse().ok()?, month)).contains(&day) {
        return None;
    }
    let date = format!("{year}-{month:02}-{day:02}");
    let zoned = match cursor.0.chars().next() {
        None => return Some(format!("{date}T00:00:00Z")),
        Some('T' | 't') => true,
        Some(' ') => false,
        Some(_) => return None,
    };
    cursor.0 = &cursor.0[1..];
    let time = cursor.time()?;
    let zone = if zoned {
        cursor.zone()?
    } else {
        "Z".to_owned()
    };
    cursor.0.is_empty().then(|| format!("{date}T{time}{zone}"))
}

struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn number(&mut self, most: usize) -> Option<u32> {
        let digits = self
            .0
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let value = self.0.get(..digits)?.parse().ok()?;
        self.0 = &self.0[digits..];
        Some(value)
    }

    fn literal(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        Some(())
    }

    fn time(&mut self) -> Option<String> {
        let hour = self.number(2)?;
        self.literal(':')?;
        let minute = self.number(2)?;
        self.literal(':')?;
        let second = self.number(2)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(format!(
            "{hour:02}:{minute:02}:{second:02}{}",
            self.fraction()?
        ))
    }

    /// Nanoseconds are kept, what is finer is cut off, trailing zeros go.
    fn fraction(&mut self) -> Option<String> {
        let Some(rest) = self.0.strip_prefix(['.', ',']) else {
            return Some(String::new());
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        let kept = rest[..digits.min(9)].trim_end_matches('0');
        self.0 = &rest[digits..];
        Some(if kept.is_empty() {
            String::new()
        } else {
            format!(".{kept}")
        })
    }

    fn zone(&mut self) -> Option<String> {
        if self.literal('Z').is_some() {
            return Some("Z".to_owned());
        }
        let sign = self.0.chars().next().filter(|c| matches!(c, '+' | '-'))?;
        let text = self.0.get(1..6)?;
        let (hours, minutes) = text.split_once(':')?;
        let (h, m): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
        if hours.len() != 2 || h > 24 || m > 60 {
            return None;
        }
        self.0 = &self.0[6..];
        Some(if h == 0 && m == 0 {
            "Z".to_owned()
        } else {
            format!("{sign}{text}")
        })
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
