//! When a `test` finds what it asks for: the rules of the library in Talos.

use super::{Given, JSON_NULL, YAML_NULL, is_plain};
use crate::yaml::Value;

/// Whether what is `found` passes the test. Null stands for a key that is not there too.
pub(super) fn passes(found: &Value, given: &Given) -> bool {
    match (found, given) {
        (Value::Null, Given::Nothing | Given::JsonNull) => true,
        (Value::Null, Given::Value(_)) | (_, Given::Nothing) => false,
        (found, Given::JsonNull) => is_plain(found, JSON_NULL),
        // To the library, null as a text reads as an empty mapping, and as an empty list.
        (found, Given::Value(Value::Null)) => is_empty(found),
        (found, Given::Value(value)) => equal(found, value),
    }
}

fn is_empty(found: &Value) -> bool {
    match found {
        Value::Map(map) => map.is_empty(),
        Value::List(items) => items.is_empty(),
        other => is_plain(other, YAML_NULL),
    }
}

/// The nulls that operations have put there equal nothing within a mapping.
fn equal(found: &Value, value: &Value) -> bool {
    match (found, value) {
        (Value::Map(found), Value::Map(value)) => {
            found.len() == value.len()
                && found
                    .iter()
                    .all(|(key, found)| value.get(key).is_some_and(|value| equal(found, value)))
        }
        (Value::List(found), Value::List(value)) => {
            // The library panics on null items.
            let items = found.iter().zip(value);
            found.len() == value.len()
                && items
                    .into_iter()
                    .all(|(found, value)| !found.is_null() && equal(found, value))
        }
        (found, Value::Map(map)) => map.is_empty() && is_plain(found, YAML_NULL),
        (found, value) => found == value,
    }
}
