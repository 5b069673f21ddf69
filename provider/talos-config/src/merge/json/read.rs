use serde::de::IgnoredAny;

use super::{Given, Operation};
use crate::document::{LoadError, nearest};
use crate::yaml::{Budget, Node, NodeKind, Step, Value, parse_nodes, to_value};

const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// Reads a list of operations; `None` if the text is no list.
pub(in crate::merge) fn read(text: &str) -> Option<Result<Vec<Operation>, LoadError>> {
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
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    let mut budget = Budget::default();
    let operations = items.iter().enumerate().map(|(index, item)| {
        let place = [Step::Index(index)];
        let mut value =
            to_value(item, &mut budget).map_err(|error| LoadError::below(&place, error))?;
        if !is_json {
            as_json(&mut value).map_err(|message| LoadError::at(&place, item.line, message))?;
        }
        Reader {
            index,
            line: item.line,
            item: &value,
            is_json,
        }
        .operation()
    });
    let all: Result<_, LoadError> = operations.collect();
    Some(all.map_err(|error| error.of_number(1)))
}

/// What Talos does to operations that are written as YAML, and to configurations before it patches
/// them so: it makes JSON of them.
pub(in crate::merge) fn as_json(value: &mut Value) -> Result<(), &'static str> {
    match value {
        Value::Float(float) if !float.is_finite() => Err("JSON has no infinities and no NaN"),
        Value::Float(float) => {
            if let Some(whole) = whole(*float) {
                *value = Value::Int(whole);
            }
            Ok(())
        }
        Value::Plain(date) => {
            *value = Value::Str(std::mem::take(date));
            Ok(())
        }
        Value::List(items) => items.iter_mut().try_for_each(as_json),
        Value::Map(map) => map.iter_mut().try_for_each(|(_, value)| as_json(value)),
        _ => Ok(()),
    }
}

/// JSON does not tell whole numbers from others. Those beyond what integers hold stay as they are.
fn whole(float: f64) -> Option<i128> {
    const LEAST: f64 = -9_223_372_036_854_775_808.0;
    const END: f64 = 18_446_744_073_709_551_616.0;
    #[allow(clippy::cast_possible_truncation)] // it is whole and within range
    let number = float as i128;
    (float.fract() == 0.0 && (LEAST..END).contains(&float)).then_some(number)
}

/// Reads one operation.
struct Reader<'a> {
    index: usize,
    line: usize,
    item: &'a Value,
    is_json: bool,
}

impl Reader<'_> {
    fn operation(&self) -> Result<Operation, LoadError> {
        let op = self.text("op")?;
        if !OPERATIONS.contains(&op) {
            let message = format!("it must be one of {}", OPERATIONS.join(", "));
            let near = nearest(op, OPERATIONS.into_iter());
            return Err(self.wrong("op", &message).suggest(near));
        }
        // Replacing and testing can mean the whole document.
        let whole = matches!(op, "replace" | "test");
        let from = if matches!(op, "move" | "copy") {
            self.pointer("from", false)?
        } else {
            Vec::new()
        };
        let value = match self.item.get("value") {
            None => Given::Nothing,
            Some(Value::Null) if self.is_json => Given::JsonNull,
            Some(value) => Given::Value(value.clone()),
        };
        Ok(Operation {
            op: op.to_owned(),
            path: self.pointer("path", whole)?,
            from,
            value,
            line: self.line,
        })
    }

    fn wrong(&self, key: &str, what: &str) -> LoadError {
        let path = [Step::Index(self.index), Step::key(key)];
        LoadError::at(&path, self.line, what)
    }

    fn text(&self, key: &str) -> Result<&str, LoadError> {
        let missing = || self.wrong(key, "the JSON patch's operation needs this");
        self.item
            .get(key)
            .and_then(Value::as_str)
            .ok_or_else(missing)
    }

    /// Talos does not look at what stands before the first slash.
    fn pointer(&self, key: &str, whole: bool) -> Result<Vec<String>, LoadError> {
        let text = self.text(key)?;
        if text.is_empty() && whole {
            return Ok(Vec::new());
        }
        let (_, rest) = text
            .split_once('/')
            .ok_or_else(|| self.wrong(key, "it must begin with /"))?;
        let parts = rest.split('/');
        Ok(parts
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect())
    }
}
