//! Which release line's rules read a configuration.

use talos_config::contract::Contract;
use talos_config::tables::Line;

/// The line of a machine's Talos version; the newest where nothing is known of it.
pub fn of(talos_version: Option<&str>) -> Line {
    talos_version
        .and_then(|version| Contract::parse(version).ok())
        .and_then(|contract| Line::of(contract).ok())
        .unwrap_or(Line::NEWEST)
}

/// Reads what no machine is known for: the newest line that accepts it decides, and what none accepts is told in the
/// words of the newest.
///
/// # Errors
/// That of the newest line.
pub fn any<T, E>(read: impl Fn(Line) -> Result<T, E>) -> Result<T, E> {
    let refused = match read(Line::NEWEST) {
        Err(refused) => refused,
        read => return read,
    };
    let older = Line::ALL.into_iter().rev().skip(1);
    older.map(read).find(Result::is_ok).unwrap_or(Err(refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_lines() {
        assert_eq!(of(Some("v1.12.6")), Line::V1_12);
        assert_eq!(of(Some("v1.13.0-beta.1")), Line::V1_13);
        assert_eq!(of(Some("v1.15.0")), Line::NEWEST);
        assert_eq!(of(None), Line::NEWEST);
    }

    #[test]
    fn the_newest_line_that_accepts_decides() {
        let below = |limit: Line| any(|line| if line < limit { Ok(line) } else { Err(line) });
        assert_eq!(below(Line::V1_13), Ok(Line::V1_12));
        assert_eq!(below(Line::V1_11), Err(Line::NEWEST));
    }
}
