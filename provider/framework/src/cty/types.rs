//! Type constraints and their JSON form (`"string"`, `["list","bool"]`, `["object",{…}]`).

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value as Json, json};

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Unicode text.
    String,
    /// Any decimal number.
    Number,
    /// true or false.
    Bool,
    /// Any type; each value brings its own.
    Dynamic,
    /// Ordered, one element type.
    List(Box<Type>),
    /// Unordered without duplicates.
    Set(Box<Type>),
    /// Text keys, one element type.
    Map(Box<Type>),
    /// Fixed attributes.
    Object(BTreeMap<String, Type>),
    /// Fixed positions.
    Tuple(Vec<Type>),
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// The JSON form as the protocol carries it.
    pub fn to_json(&self) -> Json {
        match self {
            Self::String => json!("string"),
            Self::Number => json!("number"),
            Self::Bool => json!("bool"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Object(attributes) => {
                let attributes: serde_json::Map<_, _> = attributes
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.to_json()))
                    .collect();
                json!(["object", attributes])
            }
            Self::Tuple(elements) => json!([
                "tuple",
                elements.iter().map(Self::to_json).collect::<Vec<_>>()
            ]),
        }
    }

    /// Reads the JSON form; `None` when it is not one.
    pub fn from_json(json: &Json) -> Option<Self> {
        if let Some(name) = json.as_str() {
            return Some(match name {
                "string" => Self::String,
                "number" => Self::Number,
                "bool" => Self::Bool,
                "dynamic" => Self::Dynamic,
                _ => return None,
            });
        }
        let parts = json.as_array()?;
        let argument = parts.get(1)?;
        Some(match parts.first()?.as_str()? {
            "list" => Self::list(Self::from_json(argument)?),
            "set" => Self::set(Self::from_json(argument)?),
            "map" => Self::map(Self::from_json(argument)?),
            "tuple" => Self::Tuple(
                argument
                    .as_array()?
                    .iter()
                    .map(Self::from_json)
                    .collect::<Option<_>>()?,
            ),
            "object" => Self::Object(
                argument
                    .as_object()?
                    .iter()
                    .map(|(name, ty)| Some((name.clone(), Self::from_json(ty)?)))
                    .collect::<Option<_>>()?,
            ),
            _ => return None,
        })
    }

    /// Whether values of this type may contain values that bring their own type.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Object(attributes) => attributes.values().any(Self::has_dynamic),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
            Self::String | Self::Number | Self::Bool => false,
        }
    }
}

/// The name users know: `list(string)`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::Dynamic => f.write_str("any"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Object(_) => f.write_str("object"),
            Self::Tuple(_) => f.write_str("tuple"),
        }
    }
}
