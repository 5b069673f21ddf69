//! Values in records. YAML text would not do: `0o644` and `420` are different values here.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::yaml::Value;

#[derive(Serialize, Deserialize)]
enum Stored {
    #[serde(rename = "n")]
    Null,
    #[serde(rename = "b")]
    Bool(bool),
    #[serde(rename = "i")]
    Int(String),
    #[serde(rename = "f")]
    Float(String),
    #[serde(rename = "s")]
    Str(String),
    #[serde(rename = "p")]
    Plain(String),
    #[serde(rename = "l")]
    List(Vec<Stored>),
    #[serde(rename = "m")]
    Map(Vec<(String, Stored)>),
}

pub(super) fn serialize<S: Serializer>(
    value: &Option<Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(store).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    let stored = Option::<Stored>::deserialize(deserializer)?;
    // The text itself may be a secret: only that it is broken may be told.
    stored
        .map(|stored| restore(stored).ok_or_else(|| D::Error::custom("a recorded value is broken")))
        .transpose()
}

fn store(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bool(value) => Stored::Bool(*value),
        Value::Int(value) => Stored::Int(value.to_string()),
        Value::Float(value) => Stored::Float(value.to_string()),
        Value::Str(text) => Stored::Str(text.clone()),
        Value::Plain(text) => Stored::Plain(text.clone()),
        Value::List(items) => Stored::List(items.iter().map(store).collect()),
        Value::Map(map) => Stored::Map(
            map.iter()
                .map(|(key, value)| (key.to_owned(), store(value)))
                .collect(),
        ),
    }
}

fn restore(stored: Stored) -> Option<Value> {
    Some(match stored {
        Stored::Null => Value::Null,
        Stored::Bool(value) => Value::Bool(value),
        Stored::Int(text) => Value::Int(text.parse().ok()?),
        Stored::Float(text) => Value::Float(text.parse().ok()?),
        Stored::Str(text) => Value::Str(text),
        Stored::Plain(text) => Value::Plain(text),
        Stored::List(items) => Value::List(items.into_iter().map(restore).collect::<Option<_>>()?),
        Stored::Map(entries) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| Some((key, restore(value)?)));
            Value::Map(entries.collect::<Option<_>>()?)
        }
    })
}
