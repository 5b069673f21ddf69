//! Characters that YAML does not have. They are looked for before anything is read, so that they
//! can be told with their place.

use super::node::{Node, NodeKind};
use super::parse::{ParseError, parse_allowed};
use super::path::Step;

/// Stands where a forbidden character is while its place is looked for.
const MARK: char = '\u{fffd}';

/// The text that bytes hold; the error has the place of the first one that is not UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, ParseError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let rest = String::from_utf8_lossy(&bytes[error.valid_up_to()..]);
        let whole = format!("{before}{MARK}{rest}");
        let message = "there are bytes here that are not UTF-8";
        refusal(&whole, before.len(), message.to_owned())
    })
}

/// Refuses the first character that YAML does not have.
pub(super) fn check(text: &str) -> Result<(), ParseError> {
    // Nearly every text is told from its bytes alone.
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'))
    {
        return Ok(());
    }
    match text.char_indices().find(|(_, c)| !is_allowed(*c)) {
        None => Ok(()),
        Some((at, c)) => {
            let message = format!("there is a control character here (U+{:04X})", u32::from(c));
            Err(refusal(text, at, message))
        }
    }
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// The error for what is at byte `at`.
fn refusal(text: &str, at: usize, message: String) -> ParseError {
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
    let mut error = ParseError {
        column,
        ..ParseError::at(line, message)
    };
    // The rest may be in order: then the place is where the mark is read.
    let marked: String = text[..at]
        .chars()
        .filter(|c| *c != MARK)
        .chain([MARK])
        .chain(text[at..].chars().skip(1))
        .map(|c| if is_allowed(c) { c } else { MARK })
        .collect();
    match parse_allowed(&marked) {
        Ok(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                if let Some(path) = marked_path(node) {
                    error.document = index + 1;
                    error.path = path;
                    break;
                }
            }
        }
        Err(other) => error.document = other.document,
    }
    error
}

/// The way to the first text with the mark in it.
fn marked_path(node: &Node) -> Option<Vec<Step>> {
    let below = |step: Step, node: &Node| {
        let mut path = marked_path(node)?;
        path.insert(0, step);
        Some(path)
    };
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar.text.contains(MARK).then(Vec::new),
        NodeKind::Alias(_) => None,
        NodeKind::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| below(Step::Index(at), item)),
        NodeKind::Map(entries) => entries.iter().find_map(|(key, value)| {
            if key.text().contains(MARK) {
                return Some(Vec::new());
            }
            below(Step::key(key.text()), value)
        }),
    }
}
