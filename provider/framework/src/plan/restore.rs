//! Undoes what reading into Rust types loses.

use crate::cty::Value;

/// `after` with `original` put back wherever `after` equals `before`.
///
/// `before` is `original` read into a model and written again: a `Vec<String>` with one unknown element became wholly unknown on
/// that way. Where the author left such a value alone, core must get its own back.
pub(crate) fn restore(original: &Value, before: &Value, after: Value) -> Value {
    if *before == after {
        return original.clone();
    }
    match (original, before, after) {
        (Value::Object(original), Value::Object(before), Value::Object(after)) => {
            Value::Object(entries(original, before, after))
        }
        (Value::Map(original), Value::Map(before), Value::Map(after)) => {
            Value::Map(entries(original, before, after))
        }
        (Value::List(original), Value::List(before), Value::List(after))
            if original.len() == before.len() && before.len() == after.len() =>
        {
            let olds = original.iter().zip(before);
            let items = olds
                .zip(after)
                .map(|((original, before), after)| restore(original, before, after));
            Value::List(items.collect())
        }
        (_, _, after) => after,
    }
}

type Entries = std::collections::BTreeMap<String, Value>;

fn entries(original: &Entries, before: &Entries, after: Entries) -> Entries {
    let restored =
        after.into_iter().map(
            |(key, after)| match (original.get(&key), before.get(&key)) {
                (Some(original), Some(before)) => {
                    let value = restore(original, before, after);
                    (key, value)
                }
                _ => (key, after),
            },
        );
    restored.collect()
}
