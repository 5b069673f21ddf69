use super::place::{MISSING, container, find, get, index};
use super::{Given, JSON_NULL, Operation, YAML_NULL, equal, is_plain, size};
use crate::yaml::Value;

/// Applies one operation; `copied` counts what the copies take.
pub(super) fn run(
    root: &mut Value,
    operation: &Operation,
    copied: &mut usize,
) -> Result<(), &'static str> {
    let (path, from, given) = (&operation.path, &operation.from, &operation.value);
    match operation.op.as_str() {
        "add" => add(root, path, given.value()),
        "remove" => remove(root, path).map(|_| ()),
        "replace" => replace(root, path, given),
        "move" => {
            let value = remove(root, from)?;
            add(root, path, value)
        }
        "copy" => {
            let value = copy(root, from, copied)?;
            add(root, path, value)
        }
        _ => test(root, path, given),
    }
}

fn test(root: &mut Value, path: &[String], given: &Given) -> Result<(), &'static str> {
    let found = if path.is_empty() {
        find(root, path)?
    } else {
        let (container, key) = container(root, path)?;
        get(container, key)?
    };
    if equal::passes(found, given) {
        Ok(())
    } else {
        Err("the test of the JSON patch fails")
    }
}

/// Talos also replaces a key that is not there.
fn replace(root: &mut Value, path: &[String], given: &Given) -> Result<(), &'static str> {
    let value = given.value();
    size::check_depth(path.len(), &value)?;
    if path.is_empty() {
        if !matches!(value, Value::Map(_) | Value::List(_)) {
            return Err("only a mapping or a list can replace the whole document");
        }
        *root = value;
        return Ok(());
    }
    match container(root, path)? {
        (Value::Map(map), key) => {
            map.insert(key, value);
        }
        (Value::List(items), key) => {
            let at = index(key, items.len())?;
            *items.get_mut(at).ok_or(MISSING)? = value;
        }
        _ => return Err(MISSING),
    }
    Ok(())
}

/// Talos copies null from a key that is not there.
fn copy(root: &mut Value, path: &[String], copied: &mut usize) -> Result<Value, &'static str> {
    let (container, key) = container(root, path)?;
    let value = get(container, key)?;
    size::count(value, copied)?;
    if is_plain(value, JSON_NULL) {
        return Ok(Value::Plain(YAML_NULL.to_owned()));
    }
    let mut value = value.clone();
    if !is_plain(&value, YAML_NULL) {
        settle(&mut value);
    }
    Ok(value)
}

/// A copy is read anew: its nulls are like those of the configuration.
fn settle(value: &mut Value) {
    match value {
        Value::Plain(text) if text == JSON_NULL || text == YAML_NULL => *value = Value::Null,
        Value::List(items) => items.iter_mut().for_each(settle),
        Value::Map(map) => map.iter_mut().for_each(|(_, value)| settle(value)),
        _ => {}
    }
}

fn add(root: &mut Value, path: &[String], value: Value) -> Result<(), &'static str> {
    size::check_depth(path.len(), &value)?;
    match container(root, path)? {
        (Value::Map(map), key) => {
            map.insert(key, value);
        }
        (Value::List(items), key) => {
            let at = match key {
                "-" => items.len(),
                number => index(number, items.len() + 1)?,
            };
            if at > items.len() {
                return Err(MISSING);
            }
            items.insert(at, value);
        }
        _ => return Err(MISSING),
    }
    Ok(())
}

fn remove(root: &mut Value, path: &[String]) -> Result<Value, &'static str> {
    match container(root, path)? {
        (Value::Map(map), key) => map.remove(key).ok_or(MISSING),
        (Value::List(items), key) => {
            let at = index(key, items.len())?;
            if at >= items.len() {
                return Err(MISSING);
            }
            Ok(items.remove(at))
        }
        _ => Err(MISSING),
    }
}
