//! Null, unknown or known: what every attribute can be.

use super::{Lift, TfValue};
use crate::cty::Value;
use crate::schema::Shape;

/// An attribute's value. There is no `Debug` for its content when the content has none (a [`super::Secret`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field<T> {
    /// Absent.
    #[default]
    Null,
    /// Known after apply.
    Unknown,
    /// This value.
    Known(T),
}

impl<T> Field<T> {
    /// The value when it is known and not null.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value when it is known and not null.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The value when it is known and not null, by value.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is absent.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is known after apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether it is known and not null.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// A field of something else, null and unknown kept.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
            Self::Known(value) => Field::Known(change(value)),
        }
    }

    /// The value, or `default` where it is null or unknown.
    pub fn unwrap_or(self, default: T) -> T {
        self.into_option().unwrap_or(default)
    }

    /// The same with the value borrowed.
    pub fn as_ref(&self) -> Field<&T> {
        match self {
            Self::Null => Field::Null,
            Self::Unknown => Field::Unknown,
            Self::Known(value) => Field::Known(value),
        }
    }
}

impl<T: Clone> Field<T> {
    /// A copy of the value when it is known and not null.
    pub fn cloned(&self) -> Option<T> {
        self.get().cloned()
    }
}

impl Field<String> {
    /// The text when it is known and not null.
    pub fn as_str(&self) -> Option<&str> {
        self.get().map(String::as_str)
    }

    /// The text, empty where it is null or unknown.
    pub fn text(&self) -> &str {
        self.as_str().unwrap_or_default()
    }
}

/// Elements that may each be unknown.
impl<T: Clone> Field<Vec<Field<T>>> {
    /// All elements, when the list and each element is known. A null list counts as empty, null elements are left out.
    pub fn all_known(&self) -> Option<Vec<T>> {
        match self {
            Self::Null => Some(Vec::new()),
            Self::Unknown => None,
            Self::Known(items) if items.iter().any(Field::is_unknown) => None,
            Self::Known(items) => Some(items.iter().filter_map(Field::cloned).collect()),
        }
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl<T: TfValue> TfValue for Field<T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn shape() -> Shape {
        T::shape()
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        if value.is_null() {
            return Ok(Self::Null);
        }
        match T::decode(value) {
            Ok(value) => Ok(Self::Known(value)),
            Err(Lift::Unknown) => Ok(Self::Unknown),
            Err(mismatch) => Err(mismatch),
        }
    }

    fn encode(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
            Self::Known(value) => value.encode(),
        }
    }
}
