//! Free-form values: what a text says where no table knows any keys.

use super::budget::Budget;
use super::entries::{Entry, Keys, entries};
use super::node::{Node, NodeKind, Scalar};
use super::order;
use super::parse::ParseError;
use super::path::Step;
use super::resolve::{Resolved, old_int, resolve};
use super::value::{Map, Value};

/// A node as a free-form value. Keys of mappings must be scalars and become text.
pub(crate) fn to_value(node: &Node, budget: &mut Budget) -> Result<Value, ParseError> {
    budget.count(node.line)?;
    match &node.kind {
        NodeKind::Alias(target) => budget.within(true, |budget| to_value(target, budget)),
        NodeKind::Scalar(scalar) => {
            budget.text(node.line, &scalar.text)?;
            free_scalar(scalar, budget).map_err(|message| ParseError::at(node.line, message))
        }
        NodeKind::List(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| to_value(item, budget).map_err(|e| e.within(Step::Index(at))))
            .collect::<Result<_, _>>()
            .map(Value::List),
        NodeKind::Map(written) => {
            let mut map = free(written, budget, Keys::Texts)?;
            map.entries_mut()
                .sort_by(|(a, _), (b, _)| order::compare_keys(a, b));
            Ok(Value::Map(map))
        }
    }
}

/// A free-form mapping, in the order in which it is written. `keys` are those that it may have
/// itself: in mappings further in, all keys must be texts.
pub(crate) fn free(
    written: &[(Node, Node)],
    budget: &mut Budget,
    keys: Keys,
) -> Result<Map, ParseError> {
    let mut map = Map::new();
    for Entry {
        name,
        value,
        aliased,
        ..
    } in entries(written, budget, keys)?
    {
        let value = budget
            .within(aliased, |budget| to_value(value, budget))
            .map_err(|error| error.within(Step::key(name.as_ref())))?;
        map.push(name, value);
    }
    Ok(map)
}

fn free_scalar(scalar: &Scalar, budget: &Budget) -> Result<Value, &'static str> {
    let old = budget.old_ints && !scalar.quoted && scalar.tag.is_empty();
    if let Some(int) = old.then(|| old_int(&scalar.text)).flatten() {
        return Ok(Value::Int(int));
    }
    match scalar_value(scalar)? {
        Value::Plain(_) if budget.no_dates => {
            Err("a date that is not in quotes: Talos cannot carry it through a patch")
        }
        value => Ok(value),
    }
}

fn scalar_value(scalar: &Scalar) -> Result<Value, &'static str> {
    Ok(match resolve(scalar)? {
        Resolved::Null => Value::Null,
        Resolved::Bool(b) => Value::Bool(b),
        Resolved::Int(i) => Value::Int(i),
        Resolved::Float(f) => Value::Float(f),
        Resolved::Time(t) => Value::Plain(t),
        Resolved::Binary(t) => Value::Str(t),
        Resolved::Text => Value::Str(scalar.text.clone()),
    })
}
