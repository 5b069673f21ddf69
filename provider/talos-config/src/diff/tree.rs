//! Reaching into a list of documents along steps.

use super::edit::Place;
use super::identity::ListKind;
use super::path::Step;
use crate::yaml::{Map, Value};

/// The value at `path`.
pub(crate) fn get<'a>(root: &'a Value, path: &[Step]) -> Option<&'a Value> {
    let mut value = root;
    for (depth, step) in path.iter().enumerate() {
        value = match step {
            Step::Key(key) => value.get(key)?,
            Step::Item(identity) => {
                let items = value.as_list()?;
                &items[ListKind::at(&path[..depth]).position(items, identity)?]
            }
        };
    }
    Some(value)
}

fn get_mut<'a>(root: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    let mut value = root;
    for (depth, step) in path.iter().enumerate() {
        value = match step {
            Step::Key(key) => value.as_map_mut()?.get_mut(key)?,
            Step::Item(identity) => {
                let items = value.as_list_mut()?;
                let position = ListKind::at(&path[..depth]).position(items, identity)?;
                &mut items[position]
            }
        };
    }
    Some(value)
}

/// Takes out the value at `path`.
pub(crate) fn remove(root: &mut Value, path: &[Step]) -> Option<Value> {
    let (step, parent) = path.split_last()?;
    let container = get_mut(root, parent)?;
    match step {
        Step::Key(key) => container.as_map_mut()?.remove(key),
        Step::Item(identity) => {
            let items = container.as_list_mut()?;
            let position = ListKind::at(parent).position(items, identity)?;
            Some(items.remove(position))
        }
    }
}

/// Puts `value` at `path`, in place of what is there. Missing mappings and lists on the way are
/// made; a missing list item is not, because it is more than its identity: then nothing happens
/// and the answer is false.
pub(crate) fn put(root: &mut Value, path: &[Step], value: Value, place: Option<&Place>) -> bool {
    let Some((step, parent)) = path.split_last() else {
        *root = value;
        return true;
    };
    if get(root, parent).is_none() {
        let empty = match step {
            Step::Key(_) => Value::map(),
            Step::Item(_) => Value::List(Vec::new()),
        };
        let can_be_made = matches!(parent.last(), Some(Step::Key(_)));
        if !can_be_made || !put(root, parent, empty, None) {
            return false;
        }
    }
    match (step, get_mut(root, parent)) {
        (Step::Key(key), Some(Value::Map(map))) => {
            map.insert(key.as_str(), value);
            true
        }
        (Step::Item(identity), Some(Value::List(items))) => {
            let kind = ListKind::at(parent);
            match kind.position(items, identity) {
                Some(position) => items[position] = value,
                None => {
                    let index = place.map_or(items.len(), |place| place.index_in(kind, items));
                    items.insert(index, value);
                }
            }
            true
        }
        _ => false,
    }
}

/// The items of the list at `path`, to be changed.
pub(crate) fn list_mut<'a>(root: &'a mut Value, path: &[Step]) -> Option<&'a mut Vec<Value>> {
    get_mut(root, path)?.as_list_mut()
}

/// An empty mapping or list of the same shape, if it is one of them.
pub(crate) fn empty_like(value: &Value) -> Option<Value> {
    match value {
        Value::Map(_) => Some(Value::Map(Map::new())),
        Value::List(_) => Some(Value::List(Vec::new())),
        _ => None,
    }
}

/// Equality in which the order of keys does not count.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Map(one), Value::Map(other)) => {
            let index = other.index(one.len());
            let has = |(key, value): (&str, &Value)| {
                other.get_by(&index, key).is_some_and(|o| same(value, o))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => one == other,
    }
}

/// The same for values that may be absent.
pub(crate) fn same_or_absent(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
