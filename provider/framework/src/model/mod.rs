//! Typed models: Rust structs that are schema and codec at once.

mod args;
mod collections;
mod duration;
mod dynamic;
mod field;
mod scalars;
mod secret;

pub use args::{Args, Parameter};
pub use duration::{GoDuration, ReadTimeout, Timeouts, go_text};
pub use dynamic::Dynamic;
pub use field::Field;
pub use secret::Secret;

use crate::cty::{Path, Step, Value};
use crate::schema::{Attribute, Shape};

/// A Rust type that stands for a value.
pub trait TfValue: Sized + Clone + Send + Sync + 'static {
    /// Whether values are masked wherever they appear.
    const SENSITIVE: bool = false;

    /// What the schema says of it.
    fn shape() -> Shape;

    /// Reads a value.
    fn decode(value: &Value) -> Result<Self, Lift>;

    /// Writes a value.
    fn encode(&self) -> Value;
}

/// A struct whose members are attributes; `#[derive(Model)]` writes this.
pub trait Model: TfValue {
    /// The struct's doc comment.
    const DESCRIPTION: &'static str;

    /// The attributes in the order of the struct.
    fn attributes() -> Vec<Attribute>;
}

/// Why a value could not be read into a Rust type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lift {
    /// Something is not known yet and the Rust type has no place for that. The nearest [`Field`] becomes unknown.
    Unknown,
    /// The value is wrong there.
    Mismatch(Path, String),
}

impl Lift {
    /// A value of another kind than expected.
    pub fn mismatch(expected: &str, found: &Value) -> Self {
        match found {
            Value::Unknown => Self::Unknown,
            Value::Null => Self::Mismatch(
                Path::root(),
                format!("null is not allowed here, a {expected} is needed"),
            ),
            other => Self::Mismatch(
                Path::root(),
                format!("a {expected} is needed, not a {}", other.kind()),
            ),
        }
    }

    /// The same seen from one step further out.
    #[must_use]
    pub fn under(self, step: Step) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Mismatch(path, reason) => Self::Mismatch(path.under(step), reason),
        }
    }
}

/// Reads one attribute of an object; the derive calls this.
#[doc(hidden)]
pub fn decode_attribute<T: TfValue>(object: &Value, name: &str) -> Result<T, Lift> {
    T::decode(object.get(name)).map_err(|lift| lift.under(Step::Attribute(name.to_owned())))
}

/// Refuses what is no object; the derive calls this.
#[doc(hidden)]
pub fn expect_object(value: &Value) -> Result<&Value, Lift> {
    match value {
        Value::Object(_) => Ok(value),
        other => Err(Lift::mismatch("object", other)),
    }
}

/// A default as written in an attribute; the derive calls this.
#[doc(hidden)]
pub trait IntoDefault {
    fn into_default(self) -> Value;
}

impl IntoDefault for &str {
    fn into_default(self) -> Value {
        Value::string(self)
    }
}

impl IntoDefault for bool {
    fn into_default(self) -> Value {
        Value::Bool(self)
    }
}

impl IntoDefault for i64 {
    fn into_default(self) -> Value {
        Value::int(self)
    }
}

impl IntoDefault for f64 {
    fn into_default(self) -> Value {
        crate::cty::Number::from_f64(self).map_or(Value::Null, Value::Number)
    }
}

#[cfg(test)]
mod tests;
