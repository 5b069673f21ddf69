//! Secrets in free-form parts of a configuration, by structure.

use std::collections::HashSet;

use super::REDACTED;
use super::tree::{Place, secret_places};
use crate::diff::identity::scalar_text;
use crate::yaml::{Map, Spanned, SpannedKind, Value};

/// The value with what its structure says is secret replaced.
pub(super) fn hide(value: &Value) -> Value {
    let hidden = secret_places(&numbered(value, &mut 0));
    if hidden.is_empty() {
        return value.clone();
    }
    without(value, &hidden, &mut 0)
}

/// The value as a tree in which places are numbers: of itself, up to that of what follows.
fn numbered(value: &Value, next: &mut usize) -> Spanned {
    let start = *next;
    *next += 1;
    let kind = match value {
        Value::List(items) => {
            SpannedKind::List(items.iter().map(|item| numbered(item, next)).collect())
        }
        Value::Map(map) => SpannedKind::Map(
            map.iter()
                .map(|(key, value)| (scalar(key.to_owned(), 0..0), numbered(value, next)))
                .collect(),
        ),
        value => return scalar(scalar_text(value), start..*next),
    };
    let (at, anchor) = (start..*next, None);
    Spanned { at, anchor, kind }
}

fn scalar(text: String, at: Place) -> Spanned {
    let literal = false;
    let kind = SpannedKind::Scalar { text, literal };
    let anchor = None;
    Spanned { at, anchor, kind }
}

fn without(value: &Value, hidden: &HashSet<Place>, next: &mut usize) -> Value {
    let start = *next;
    *next += 1;
    let kept = match value {
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| without(item, hidden, next))
                .collect(),
        ),
        Value::Map(map) => Value::Map(
            map.iter()
                .map(|(key, value)| (key.to_owned(), without(value, hidden, next)))
                .collect::<Map>(),
        ),
        value => value.clone(),
    };
    if hidden.contains(&(start..*next)) && !value.is_null() {
        return REDACTED.into();
    }
    kept
}
