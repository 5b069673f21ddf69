//! Values: known, null or not known yet.

use std::collections::BTreeMap;
use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{Number, Type};

/// A value of some [`Type`] that its surroundings know.
///
/// `Debug` shows kinds only: any text in here may be a secret.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Absent.
    Null,
    /// Known after apply. Refinements are dropped on reading and never promised on writing.
    Unknown,
    /// Text in NFC, as core normalises it.
    String(String),
    /// A number.
    Number(Number),
    /// A truth value.
    Bool(bool),
    /// A list or tuple.
    List(Vec<Value>),
    /// A set: no order, no duplicates.
    Set(SetItems),
    /// A map.
    Map(BTreeMap<String, Value>),
    /// An object with all its attributes.
    Object(BTreeMap<String, Value>),
    /// A value where the schema says "any type", with the type it brings.
    Typed(Box<(Type, Value)>),
}

/// Elements of a set; equality ignores their order.
#[derive(Clone, Default)]
pub struct SetItems(pub Vec<Value>);

impl PartialEq for SetItems {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|item| other.0.contains(item))
    }
}

impl Value {
    /// Text, normalised to NFC because core compares it so.
    pub fn string(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::String(if is_nfc(&text) {
            text
        } else {
            text.nfc().collect()
        })
    }

    /// A whole number.
    pub fn int(value: i64) -> Self {
        Self::Number(value.into())
    }

    /// A set without duplicates. An element that is not wholly known equals nothing and always stays.
    pub fn set(items: impl IntoIterator<Item = Value>) -> Self {
        let mut kept: Vec<Value> = Vec::new();
        for item in items {
            if !item.is_wholly_known() || !kept.contains(&item) {
                kept.push(item);
            }
        }
        Self::Set(SetItems(kept))
    }

    /// An object of these attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Object(
            attributes
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// Whether the value is absent.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the value as a whole is not known yet.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether nothing in the value is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::List(items) | Self::Set(SetItems(items)) => {
                items.iter().all(Self::is_wholly_known)
            }
            Self::Map(entries) | Self::Object(entries) => {
                entries.values().all(Self::is_wholly_known)
            }
            Self::Typed(pair) => pair.1.is_wholly_known(),
            Self::Null | Self::String(_) | Self::Number(_) | Self::Bool(_) => true,
        }
    }

    /// An attribute of an object, null where there is none.
    pub fn get(&self, name: &str) -> &Value {
        match self {
            Self::Object(entries) | Self::Map(entries) => entries.get(name).unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }

    /// The value with every unknown part replaced by null.
    #[must_use]
    pub fn unknown_to_null(self) -> Self {
        match self {
            Self::Unknown => Self::Null,
            Self::List(items) => Self::List(items.into_iter().map(Self::unknown_to_null).collect()),
            Self::Set(SetItems(items)) => Self::set(items.into_iter().map(Self::unknown_to_null)),
            Self::Map(entries) => Self::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, value.unknown_to_null()))
                    .collect(),
            ),
            Self::Object(entries) => Self::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, value.unknown_to_null()))
                    .collect(),
            ),
            Self::Typed(pair) => Self::Typed(Box::new((pair.0, pair.1.unknown_to_null()))),
            known => known,
        }
    }

    /// What kind of value this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown => "unknown",
            Self::String(_) => "string",
            Self::Number(_) => "number",
            Self::Bool(_) => "bool",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Object(_) => "object",
            Self::Typed(pair) => pair.1.kind(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Set(SetItems(items)) => f.debug_set().entries(items.iter()).finish(),
            Self::Map(entries) | Self::Object(entries) => f.debug_map().entries(entries).finish(),
            other => f.write_str(other.kind()),
        }
    }
}
