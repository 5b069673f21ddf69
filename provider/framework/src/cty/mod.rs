//! Core's value system: types, values with null and unknown, and their two wire forms.

mod json;
mod msgpack;
mod number;
mod path;
mod types;
mod value;

pub use json::{from_json, implied_type, to_json};
pub use msgpack::{decode, encode};
pub use number::Number;
pub use path::{Path, Step};
pub use types::Type;
pub use value::Value;

/// Why bytes or JSON could not be read as a value of the expected type.
///
/// The text names places and kinds, never contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct CodecError {
    /// Where in the value.
    pub path: Path,
    /// What is wrong there.
    pub reason: String,
}

impl CodecError {
    pub(crate) fn new(path: &Path, reason: impl Into<String>) -> Self {
        Self {
            path: path.clone(),
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests;
