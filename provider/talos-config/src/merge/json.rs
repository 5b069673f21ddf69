//! JSON patches (RFC 6902). Talos takes them for configurations of one document only.

use super::error::Fault;
use crate::document::{LoadError, nearest};
use crate::yaml::{Budget, Map, Node, NodeKind, Step, Value, parse_nodes, to_value};

/// One operation.
#[derive(Clone)]
pub(super) struct Operation {
    op: String,
    path: Vec<String>,
    from: Vec<String>,
    value: Value,
    /// Where it begins in the patch, counted from 1.
    pub line: usize,
}

/// Reads a list of operations; `None` if the text is no list.
pub(super) fn read(text: &str) -> Option<Result<Vec<Operation>, LoadError>> {
    let nodes = parse_nodes(text).ok()?;
    let [
        Node {
            kind: NodeKind::List(items),
            ..
        },
    ] = nodes.as_slice()
    else {
        return None;
    };
    let mut budget = Budget::default();
    let operations = items.iter().enumerate().map(|(index, item)| {
        let place = [Step::Index(index)];
        let value = to_value(item, &mut budget).map_err(|error| LoadError::below(&place, error))?;
        operation(index, item.line, &value)
    });
    let all: Result<_, LoadError> = operations.collect();
    Some(all.map_err(|error| error.of_number(1)))
}

const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

fn operation(index: usize, line: usize, item: &Value) -> Result<Operation, LoadError> {
    let wrong = |key: &str, what: &str| {
        let path = [Step::Index(index), Step::key(key)];
        LoadError::at(&path, line, what)
    };
    let text = |key: &str| {
        let missing = || wrong(key, "the JSON patch's operation needs this");
        item.get(key).and_then(Value::as_str).ok_or_else(missing)
    };
    let op = text("op")?;
    if !OPERATIONS.contains(&op) {
        let message = format!("it must be one of {}", OPERATIONS.join(", "));
        let near = nearest(op, OPERATIONS.into_iter());
        return Err(wrong("op", &message).suggest(near));
    }
    // Replacing and testing can mean the whole document.
    let whole = matches!(op, "replace" | "test");
    let pointer = |key: &str| -> Result<Vec<String>, LoadError> {
        let text = text(key)?;
        if text.is_empty() && whole {
            return Ok(Vec::new());
        }
        let rest = text.strip_prefix('/');
        let rest = rest.ok_or_else(|| wrong(key, "it must begin with /"))?;
        let parts = rest.split('/');
        Ok(parts
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect())
    };
    let from = if matches!(op, "move" | "copy") {
        pointer("from")?
    } else {
        Vec::new()
    };
    Ok(Operation {
        op: op.to_owned(),
        path: pointer("path")?,
        from,
        // Talos takes no value for null.
        value: item.get("value").cloned().unwrap_or(Value::Null),
        line,
    })
}

/// A pointer as other paths are shown.
fn steps(pointer: &[String]) -> Vec<Step> {
    let step = |part: &String| match part.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::key(part.as_str()),
    };
    pointer.iter().map(step).collect()
}

/// Applies the operations in order.
pub(super) fn apply(root: &mut Map, operations: &[Operation]) -> Result<(), Fault> {
    let mut value = Value::Map(std::mem::take(root));
    for operation in operations {
        run(&mut value, operation)
            .map_err(|message| LoadError::at(&steps(&operation.path), operation.line, message))?;
    }
    let Value::Map(map) = value else {
        let culprit = operations
            .iter()
            .rfind(|o| o.path.is_empty() && o.op == "replace");
        let line = culprit.map_or(1, |operation| operation.line);
        let message = "the JSON patch leaves no mapping";
        return Err(Fault::from(LoadError::new(line, message)));
    };
    *root = map;
    Ok(())
}

/// The line of the operation that is to blame for `error`, for which the result of all operations
/// is refused: the one from which on it is refused for that. `refused` says why the result of some
/// of the first operations is.
pub(super) fn blame(
    operations: &[Operation],
    error: &LoadError,
    refused: impl Fn(&[Operation]) -> Option<LoadError>,
) -> usize {
    let spoilt = |count: usize| {
        refused(&operations[..count]).is_some_and(|earlier| is_same_fault(&earlier, error))
    };
    // As many operations are too many, as many are not. Steps back grow, then the gap is halved:
    // that is fast for long patches too.
    let (mut bad, mut good, mut step) = (operations.len(), 0, 1);
    while let Some(count @ 1..) = bad.checked_sub(step) {
        if !spoilt(count) {
            good = count;
            break;
        }
        bad = count;
        step *= 2;
    }
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        if spoilt(middle) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    let culprit = operations.get(bad.saturating_sub(1));
    culprit.map_or(1, |operation| operation.line)
}

/// Whether two errors are about the same. Positions do not count: operations move the items of
/// lists.
fn is_same_fault(one: &LoadError, other: &LoadError) -> bool {
    let keys = |error: &LoadError| {
        let mut steps = Step::parse_path(&error.path).unwrap_or_default();
        steps.retain(|step| matches!(step, Step::Key(_)));
        steps
    };
    one.message == other.message && keys(one) == keys(other)
}

fn run(root: &mut Value, operation: &Operation) -> Result<(), &'static str> {
    let given = operation.value.clone();
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
