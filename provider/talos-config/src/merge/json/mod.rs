//! JSON patches (RFC 6902). Talos takes them for configurations of one document only.

mod blame;
mod equal;
mod place;
mod read;
mod run;
mod size;

use super::error::Fault;
use crate::document::LoadError;
use crate::yaml::{Map, Step, Value};

pub(super) use blame::blame;
pub(super) use read::{as_json, read};

/// One operation.
#[derive(Clone)]
pub(super) struct Operation {
    op: String,
    path: Vec<String>,
    from: Vec<String>,
    value: Given,
    /// Where it begins in the patch, counted from 1.
    pub line: usize,
}

impl Operation {
    /// The operation that takes away what this one puts somewhere, if it does.
    pub fn undone(&self) -> Option<Self> {
        let puts = matches!(self.op.as_str(), "add" | "replace" | "copy" | "move");
        puts.then(|| Self {
            op: "remove".to_owned(),
            path: self.path.clone(),
            from: Vec::new(),
            value: Given::Nothing,
            line: self.line,
        })
    }
}

/// What an operation has for its `value`.
#[derive(Clone)]
enum Given {
    /// There is none.
    Nothing,
    /// The `null` of a patch that is written as JSON.
    JsonNull,
    /// Any other; the null of a patch that is written as YAML too.
    Value(Value),
}

impl Given {
    /// As it is put into a configuration. Talos takes no value for null.
    fn value(&self) -> Value {
        match self {
            Self::Nothing => Value::Null,
            Self::JsonNull => Value::Plain(JSON_NULL.to_owned()),
            Self::Value(Value::Null) => Value::Plain(YAML_NULL.to_owned()),
            Self::Value(value) => value.clone(),
        }
    }
}

/// Nulls that an operation has put there: unlike those of the configuration, and unlike each
/// other, to a test that comes later. Both are written as what they are, which YAML reads as null.
const JSON_NULL: &str = "null";
const YAML_NULL: &str = "~";

fn is_plain(value: &Value, text: &str) -> bool {
    matches!(value, Value::Plain(plain) if plain == text)
}

/// An operation among those of all the patches that are applied together.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    /// Which patch it is of.
    pub patch: usize,
    pub operation: &'a Operation,
}

/// A pointer as other paths are shown.
fn steps(pointer: &[String]) -> Vec<Step> {
    let step = |part: &String| match part.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::key(part.as_str()),
    };
    pointer.iter().map(step).collect()
}

/// Applies the operations in order; the error comes with the position of the one to blame.
pub(super) fn apply(root: Map, operations: &[Placed<'_>]) -> Result<Map, (usize, Fault)> {
    let mut value = Value::Map(root);
    let mut copied = 0;
    for (at, Placed { operation, .. }) in operations.iter().enumerate() {
        run::run(&mut value, operation, &mut copied).map_err(|message| {
            let error = LoadError::at(&steps(&operation.path), operation.line, message);
            (at, Fault::from(error))
        })?;
    }
    match value {
        Value::Map(map) => Ok(map),
        _ => Err(no_mapping(operations)),
    }
}

fn no_mapping(operations: &[Placed<'_>]) -> (usize, Fault) {
    let culprit = operations
        .iter()
        .rposition(|placed| placed.operation.path.is_empty() && placed.operation.op == "replace")
        .unwrap_or_default();
    let line = operations
        .get(culprit)
        .map_or(1, |placed| placed.operation.line);
    let message = "the JSON patch leaves no mapping";
    (culprit, Fault::from(LoadError::new(line, message)))
}
