//! How a string is written: plain, quoted or as a literal block.

use super::dialect::Dialect;
use super::resolve::{Resolved, implicit, old_int};

/// The style in which a string appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Chooses the style for a string value (`key` = false) or a mapping key.
pub(super) fn choose(text: &str, key: bool, dialect: Dialect) -> Style {
    let shape = Shape::of(text);
    if text.contains('\n') {
        let blank = text.len() < 2 || text.chars().all(char::is_whitespace);
        let literal = dialect == Dialect::First || !blank;
        return if literal && shape.block && !key {
            Style::Literal
        } else {
            Style::Double
        };
    }
    if dialect == Dialect::Fourth && shape.single && was_something_else(text) {
        return Style::Single;
    }
    if !plain_reads_as_text(text, dialect) || key && shape.multiline {
        return Style::Double;
    }
    if shape.plain && !(text.is_empty() && key) {
        Style::Plain
    } else if shape.single {
        Style::Single
    } else {
        Style::Double
    }
}

/// The style for text that must not be quoted for its type: numbers, timestamps.
fn plain_reads_as_text(text: &str, dialect: Dialect) -> bool {
    match text {
        "<<" => dialect == Dialect::First,
        text if dialect == Dialect::First && old_int(text).is_some() => false,
        text => implicit(text, true) == Resolved::Text && !was_something_else(text),
    }
}

/// What meant something else in YAML 1.1, whatever it means now.
fn was_something_else(text: &str) -> bool {
    is_base60(text) || is_old_bool(text) || text == "<<"
}

/// Whether a text is a number or a boolean in YAML 1.1, and a text since.
pub(crate) fn reads_as_text_today(text: &str) -> bool {
    is_old_bool(text) || is_base60(text) && implicit(text, true) == Resolved::Text
}

/// YAML 1.1's sexagesimal numbers (`[-+]?d[d_]*(:[0-5]?d)+(\.[d_]*)?`); other readers still take
/// them for numbers.
fn is_base60(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let mut parts = whole.split(':');
    let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    first.starts_with(|c: char| c.is_ascii_digit())
        && number(first)
        && number(fraction)
        && !rest.is_empty()
        && rest.iter().all(|part| match part.as_bytes() {
            [d] => d.is_ascii_digit(),
            [t, d] => (b'0'..=b'5').contains(t) && d.is_ascii_digit(),
            _ => false,
        })
}

/// What YAML 1.1 readers take for a boolean beside true and false.
fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// What a string's characters allow.
struct Shape {
    multiline: bool,
    plain: bool,
    single: bool,
    block: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut scan = Scan::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            scan.see(c, chars.peek().copied());
        }
        let (Some(first), Some(last)) = (scan.first, scan.previous) else {
            return Self {
                multiline: false,
                plain: true,
                single: true,
                block: false,
            };
        };
        let edge = [first, last].into_iter().any(|c| c == ' ' || is_break(c));
        let marker = text.starts_with("---") || text.starts_with("...");
        let single = !scan.break_space && !scan.space_break && !scan.tabs && !scan.special;
        Self {
            multiline: scan.breaks,
            plain: single && !edge && !scan.breaks && !scan.indicator && !marker,
            single,
            block: last != ' ' && !scan.space_break && !scan.special,
        }
    }
}

/// What is found on the way through a text.
#[derive(Default)]
struct Scan {
    first: Option<char>,
    previous: Option<char>,
    breaks: bool,
    special: bool,
    tabs: bool,
    break_space: bool,
    space_break: bool,
    /// A plain scalar would start with, or contain, something that ends it.
    indicator: bool,
}

impl Scan {
    fn see(&mut self, c: char, next: Option<char>) {
        let breaks = is_break(c);
        self.breaks |= breaks;
        self.tabs |= c == '\t';
        self.special |= c != '\t' && !is_printable(c);
        self.indicator |= is_indicator(self.previous, c, next);
        if let Some(previous) = self.previous {
            self.break_space |= c == ' ' && is_break(previous);
            self.space_break |= breaks && previous == ' ';
        }
        self.first.get_or_insert(c);
        self.previous = Some(c);
    }
}

/// Whether a character has a meaning at this place of a plain scalar.
fn is_indicator(previous: Option<char>, c: char, next: Option<char>) -> bool {
    let blank_after = || next.is_none_or(|c| is_blank_or_break(c, false));
    match (previous, c) {
        (
            None,
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
            | '@' | '`',
        ) => true,
        (None, '?' | '-') | (_, ':') => blank_after(),
        (Some(previous), '#') => is_blank_or_break(previous, true),
        _ => false,
    }
}

fn is_blank_or_break(c: char, breaks: bool) -> bool {
    c == ' ' || c == '\t' || breaks && (is_break(c) || c == '\0')
}

/// Line breaks of YAML 1.1.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What the writer does not escape. It knows nothing beyond the basic plane.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}
