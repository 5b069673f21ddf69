//! From configuration and prior state to a plan that core accepts.

mod check;
mod marks;
mod restore;

pub use check::{Violation, applied, planned};
pub(crate) use marks::{check_texts, force_update, null_write_only, prepare, replacements};
pub(crate) use restore::restore;

use crate::cty::{Step, Value};
use crate::schema::Nesting;

/// Pairs up the objects of one nested attribute in two values, and calls `visit` for each pair that exists in both.
fn pairs<'v>(
    nesting: Nesting,
    left: &'v Value,
    right: &'v mut Value,
    mut visit: impl FnMut(&'v Value, &'v mut Value),
) {
    match (nesting, left, right) {
        (Nesting::Single, left @ Value::Object(_), right @ Value::Object(_)) => visit(left, right),
        (Nesting::List, Value::List(left), Value::List(right)) => left
            .iter()
            .zip(right)
            .for_each(|(left, right)| visit(left, right)),
        (Nesting::Map, Value::Map(left), Value::Map(right)) => {
            for (key, right) in right {
                if let Some(left) = left.get(key) {
                    visit(left, right);
                }
            }
        }
        _ => (),
    }
}

/// The attribute of an object that can be changed.
fn get_mut<'v>(object: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    match object {
        Value::Object(entries) => entries.get_mut(name),
        _ => None,
    }
}

/// The objects of a nested attribute with the step that leads to each.
pub(crate) fn objects(value: &Value) -> Vec<(Option<Step>, &Value)> {
    match value {
        Value::Object(_) => vec![(None, value)],
        Value::List(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (Some(Step::Index(index as i64)), item))
            .collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, item)| (Some(Step::Key(key.clone())), item))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
