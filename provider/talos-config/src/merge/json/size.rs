//! How much operations may make: copies double what they copy, and moves nest it.

use crate::yaml::{MAX_DEPTH, Value};

/// How much the operations of neighbouring patches may copy, in bytes of texts and [`NODE`] for
/// each value. Official machinery has no limit; a configuration has some ten thousand.
const MAX_COPIED: usize = 16 << 20;

/// About what a value takes beside its text.
const NODE: usize = 16;

/// Accounts for a copy.
pub(super) fn count(value: &Value, copied: &mut usize) -> Result<(), &'static str> {
    *copied = copied.saturating_add(size(value));
    if *copied > MAX_COPIED {
        return Err("the JSON patch copies more than 16 MiB");
    }
    Ok(())
}

fn size(value: &Value) -> usize {
    NODE + match value {
        Value::Str(text) | Value::Plain(text) => text.len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum(),
        _ => 0,
    }
}

/// Whether a value may stand at a pointer of so many parts.
pub(super) fn check_depth(parts: usize, value: &Value) -> Result<(), &'static str> {
    if parts + levels(value) > MAX_DEPTH {
        return Err("the JSON patch nests deeper than 200 levels");
    }
    Ok(())
}

fn levels(value: &Value) -> usize {
    1 + match value {
        Value::List(items) => items.iter().map(levels).max().unwrap_or_default(),
        Value::Map(map) => map
            .iter()
            .map(|(_, value)| levels(value))
            .max()
            .unwrap_or_default(),
        _ => 0,
    }
}
