use super::error::Fault;
use super::typed::Merger;
use crate::yaml::{Map, Value};

/// Merges free-form mappings: mappings key by key, lists by appending; empty texts and zeros of
/// the patch change nothing; two different types are an error.
pub(super) fn merge(merger: &mut Merger<'_>, left: &mut Map, right: Map) -> Result<(), Fault> {
    left.merge(right, |key, old, value| {
        if old.is_null() {
            *old = value;
            return Ok(());
        }
        merger.within(key, |merger| merge_value(merger, old, value))
    })
}

fn merge_value(merger: &mut Merger<'_>, left: &mut Value, right: Value) -> Result<(), Fault> {
    match (left, right) {
        (Value::Map(left), Value::Map(right)) => return merge(merger, left, right),
        (Value::List(left), Value::List(right)) => left.extend(right),
        (Value::Bool(left), Value::Bool(right)) => *left = right,
        (Value::Str(left), Value::Str(right)) => {
            if !right.is_empty() {
                *left = right;
            }
        }
        (Value::Int(left), Value::Int(right)) if is_large(*left) == is_large(right) => {
            if right != 0 {
                *left = right;
            }
        }
        (Value::Float(left), Value::Float(right)) => {
            if right != 0.0 {
                *left = right;
            }
        }
        (_, Value::Null) => {
            return Err(merger.fault("null cannot take away what is there: use $patch: delete"));
        }
        (left, right) => {
            let message = format!(
                "{} is there and the patch has {}: delete it first",
                name(left),
                name(&right)
            );
            return Err(merger.fault(message));
        }
    }
    Ok(())
}

/// Integers beyond 63 bits are another type to Talos.
fn is_large(number: i128) -> bool {
    number > i128::from(i64::MAX)
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(number) if is_large(*number) => "a large integer",
        Value::Int(_) => "an integer",
        Value::Float(_) => "a decimal number",
        Value::Str(_) => "a text",
        Value::Plain(_) => "a timestamp",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}
