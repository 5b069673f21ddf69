//! How a string is written: plain, quoted or as a literal block.

use super::resolve::{Resolved, implicit};

/// The style in which a string appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Chooses the style for a string value (`key` = false) or a mapping key.
pub(super) fn choose(text: &str, key: bool) -> Style {
    let shape = Shape::of(text);
    if text.contains('\n') {
        let literal = text.len() > 1 && !text.chars().all(char::is_whitespace);
        return if literal && shape.block && !key {
            Style::Literal
        } else {
            Style::Double
        };
    }
    if !plain_reads_as_text(text) || key && shape.multiline {
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
fn plain_reads_as_text(text: &str) -> bool {
    implicit(text, true) == Resolved::Text && !is_base60(text) && !is_old_bool(text) && text != "<<"
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
        let chars: Vec<char> = text.chars().collect();
        let (Some(&first), Some(&last)) = (chars.first(), chars.last()) else {
            return Self {
                multiline: false,
                plain: true,
                single: true,
                block: false,
            };
        };
        let pair =
            |a: fn(char) -> bool, b: fn(char) -> bool| chars.windows(2).any(|w| a(w[0]) && b(w[1]));
        let is_space = |c| c == ' ';
        let multiline = chars.iter().any(|c| is_break(*c));
        let special = chars.iter().any(|c| *c != '\t' && !is_printable(*c));
        let tabs = chars.contains(&'\t');
        let edge = is_space(first) || is_break(first) || is_space(last) || is_break(last);
        let break_space = pair(is_break, is_space);
        let space_break = pair(is_space, is_break);
        let single = !break_space && !space_break && !tabs && !special;
        Self {
            multiline,
            plain: single && !edge && !multiline && !has_indicator(&chars),
            single,
            block: !is_space(last) && !space_break && !special,
        }
    }
}

/// Whether a plain scalar would start or contain something that ends it.
fn has_indicator(chars: &[char]) -> bool {
    let blank_after = |i: usize| {
        chars
            .get(i + 1)
            .is_none_or(|c| is_blank_or_break(*c, false))
    };
    let marker = chars.starts_with(&['-', '-', '-']) || chars.starts_with(&['.', '.', '.']);
    let leading = match chars.first() {
        Some(
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
            | '@' | '`',
        ) => true,
        Some('?' | ':' | '-') => blank_after(0),
        _ => false,
    };
    let inner = chars.iter().enumerate().skip(1).any(|(i, c)| match c {
        ':' => blank_after(i),
        '#' => is_blank_or_break(chars[i - 1], true),
        _ => false,
    });
    marker || leading || inner
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
