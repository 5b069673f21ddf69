//! JSON patches (RFC 6902). Talos takes them for configurations of one document only.

use super::error::Fault;
use crate::document::LoadError;
use crate::yaml::{Map, Value, parse};

/// One operation.
#[derive(Clone)]
pub(super) struct Operation {
    op: String,
    path: Vec<String>,
    from: Vec<String>,
    value: Option<Value>,
}

/// Reads a list of operations; `None` if the text is no list.
pub(super) fn read(text: &str) -> Option<Result<Vec<Operation>, LoadError>> {
    let documents = parse(text).ok()?;
    let [Value::List(items)] = documents.as_slice() else {
        return None;
    };
    Some(
        items
            .iter()
            .enumerate()
            .map(|(i, item)| operation(i, item))
            .collect(),
    )
}

fn operation(index: usize, item: &Value) -> Result<Operation, LoadError> {
    let wrong = |what: &str| {
        LoadError::new(
            0,
            format!("operation {} of the JSON patch {what}", index + 1),
        )
    };
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let op = text("op").ok_or_else(|| wrong("has no 'op'"))?;
    if !matches!(op, "add" | "remove" | "replace" | "move" | "copy" | "test") {
        return Err(wrong(
            "has an 'op' that is none of add, remove, replace, move, copy and test",
        ));
    }
    // Replacing and testing can mean the whole document.
    let whole = matches!(op, "replace" | "test");
    let pointer = |key: &str| -> Result<Vec<String>, LoadError> {
        let text = text(key).ok_or_else(|| wrong(&format!("has no '{key}'")))?;
        if text.is_empty() && whole {
            return Ok(Vec::new());
        }
        let rest = text
            .strip_prefix('/')
            .ok_or_else(|| wrong(&format!("has a '{key}' that does not begin with /")))?;
        Ok(rest
            .split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect())
    };
    let from = if matches!(op, "move" | "copy") {
        pointer("from")?
    } else {
        Vec::new()
    };
    let value = item
        .as_map()
        .filter(|m| m.contains_key("value"))
        .and_then(|m| m.get("value"))
        .cloned();
    if matches!(op, "add" | "replace") && value.is_none() {
        return Err(wrong("has no 'value'"));
    }
    Ok(Operation {
        op: op.to_owned(),
        path: pointer("path")?,
        from,
        value,
    })
}

/// Applies the operations in order.
pub(super) fn apply(root: &mut Map, operations: &[Operation]) -> Result<(), Fault> {
    let mut value = Value::Map(std::mem::take(root));
    for operation in operations {
        run(&mut value, operation).map_err(|message| Fault {
            path: operation.path.join("."),
            ..Fault::new(message)
        })?;
    }
    match value {
        Value::Map(map) => *root = map,
        _ => return Err(Fault::new("the JSON patch leaves no mapping")),
    }
    Ok(())
}

fn run(root: &mut Value, operation: &Operation) -> Result<(), &'static str> {
    let given = operation.value.clone().unwrap_or(Value::Null);
    match operation.op.as_str() {
        "add" => add(root, &operation.path, given),
        "remove" => remove(root, &operation.path).map(|_| ()),
        "replace" => replace(root, &operation.path, given),
        "move" => {
            let value = remove(root, &operation.from)?;
            add(root, &operation.path, value)
        }
        "copy" => {
            let value = copied(root, &operation.from)?;
            add(root, &operation.path, value)
        }
        _ => match find(root, &operation.path) {
            Ok(found) if *found == given => Ok(()),
            Err(_) if given.is_null() => Ok(()),
            _ => Err("the test of the JSON patch fails"),
        },
    }
}

const MISSING: &str = "the JSON patch points at something that is not there";

fn find<'a>(root: &'a mut Value, path: &[String]) -> Result<&'a mut Value, &'static str> {
    path.iter().try_fold(root, |place, part| match place {
        Value::Map(map) => map.get_mut(part).ok_or(MISSING),
        Value::List(items) => {
            let index = index(part, items.len())?;
            items.get_mut(index).ok_or(MISSING)
        }
        _ => Err(MISSING),
    })
}

/// Talos also replaces a key that is not there.
fn replace(root: &mut Value, path: &[String], value: Value) -> Result<(), &'static str> {
    if let Some((last, parents)) = path.split_last()
        && let Value::Map(map) = find(root, parents)?
    {
        map.insert(last.as_str(), value);
        return Ok(());
    }
    *find(root, path)? = value;
    Ok(())
}

/// Talos copies null from a key that is not there.
fn copied(root: &mut Value, path: &[String]) -> Result<Value, &'static str> {
    if let Some((last, parents)) = path.split_last()
        && let Value::Map(map) = find(root, parents)?
    {
        return Ok(map.get(last).cloned().unwrap_or(Value::Null));
    }
    find(root, path).cloned()
}

/// A position in a list of `len` items; negative ones count from the end.
fn index(part: &str, len: usize) -> Result<usize, &'static str> {
    const WRONG: &str = "the JSON patch needs a number for a list's item";
    match part.strip_prefix('-') {
        Some(back) => len
            .checked_sub(back.parse().map_err(|_| WRONG)?)
            .ok_or(MISSING),
        None => part.parse().map_err(|_| WRONG),
    }
}

fn add(root: &mut Value, path: &[String], value: Value) -> Result<(), &'static str> {
    let (last, parents) = path.split_last().ok_or(MISSING)?;
    match find(root, parents)? {
        Value::Map(map) => {
            map.insert(last.as_str(), value);
        }
        Value::List(items) => {
            let at = match last.as_str() {
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
    let (last, parents) = path.split_last().ok_or(MISSING)?;
    match find(root, parents)? {
        Value::Map(map) => map.remove(last).ok_or(MISSING),
        Value::List(items) => {
            let at = index(last, items.len())?;
            if at >= items.len() {
                return Err(MISSING);
            }
            Ok(items.remove(at))
        }
        _ => Err(MISSING),
    }
}
