//! JSON 6902: a list of operations.

use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::Value;

use super::Fault;

/// Operations that were read.
#[derive(Debug)]
pub struct Operations(Vec<PatchOperation>);

impl Operations {
    /// Reads a list.
    pub fn read(list: Vec<Value>) -> Result<Self, Fault> {
        let read = list.into_iter().enumerate();
        let read = read.map(|(index, operation)| {
            problem(&operation).map_or(Ok(()), |(seen, cure)| {
                Err(Fault::new(format!("has an operation {index} {seen}"), cure))
            })?;
            serde_json::from_value(operation).map_err(|_| {
                let seen = format!("has an operation {index} that cannot be read");
                Fault::new(
                    seen,
                    "Write it as RFC 6902 has it: op, path and value or from.",
                )
            })
        });
        Ok(Self(read.collect::<Result<_, _>>()?))
    }

    /// Carries them out, all or none.
    pub fn apply(&self, object: Value) -> Result<Value, Fault> {
        let mut object = object;
        // The object is ours: nobody sees it half done.
        json_patch::patch_unsafe(&mut object, &self.0).map_err(|error| {
            let name = self.0.get(error.operation).map_or("", name);
            let (index, path) = (error.operation, &error.path);
            let (why, cure) = match error.kind {
                PatchErrorKind::TestFailed => (
                    "finds another value",
                    "Correct the value, or take the test out.",
                ),
                PatchErrorKind::InvalidFromPointer => {
                    ("finds nothing at its `from`", "Correct `from`.")
                }
                PatchErrorKind::CannotMoveInsideItself => {
                    ("would move it into itself", "Correct `path` or `from`.")
                }
                _ => (
                    "finds nothing there",
                    "Correct the path, or add what is above it first; a list ends with `/-`.",
                ),
            };
            Fault::new(
                format!("does not fit: operation {index}, {name} {path}, {why}"),
                cure,
            )
        })?;
        Ok(object)
    }
}

fn name(operation: &PatchOperation) -> &'static str {
    match operation {
        PatchOperation::Add(_) => "add",
        PatchOperation::Remove(_) => "remove",
        PatchOperation::Replace(_) => "replace",
        PatchOperation::Move(_) => "move",
        PatchOperation::Copy(_) => "copy",
        PatchOperation::Test(_) => "test",
    }
}

/// What is missing in an operation, and the cure.
fn problem(operation: &Value) -> Option<(&'static str, &'static str)> {
    let is_pointer = |name: &str| {
        let text = operation[name].as_str();
        text.is_some_and(|text| text.is_empty() || text.starts_with('/'))
    };
    if !operation.is_object() {
        return Some(("that is no object", "Write op, path and value or from."));
    }
    let needs = match operation["op"].as_str() {
        Some("add" | "replace" | "test") => "value",
        Some("move" | "copy") => "from",
        Some("remove") => "",
        _ => {
            let cure = "Write one of add, remove, replace, move, copy and test.";
            return Some(("without a known `op`", cure));
        }
    };
    if !is_pointer("path") {
        let cure = "Write a path such as /spec/replicas; `/` in a name is written `~1`.";
        return Some(("without a `path` that begins with /", cure));
    }
    match needs {
        "value" if operation.get("value").is_none() => {
            Some(("without a `value`", "Write the value; null is one, too."))
        }
        "from" if !is_pointer("from") => Some((
            "without a `from` that begins with /",
            "Write a path such as /spec/replicas.",
        )),
        _ => None,
    }
}
