//! Values of any type: function parameters and results that have no fixed shape.

use super::{Lift, TfValue};
use crate::cty::{Type, Value, implied_type, to_json};
use crate::schema::Shape;

/// A known value with the type it brings. No `Debug`: it may hold secrets.
#[derive(Clone, PartialEq)]
pub struct Dynamic {
    ty: Type,
    value: Value,
}

impl Dynamic {
    /// A value of this type.
    pub fn new(ty: Type, value: Value) -> Self {
        Self { ty, value }
    }

    /// The value that free JSON stands for.
    pub fn from_json(json: &serde_json::Value) -> Self {
        let (ty, value) = implied_type(json);
        Self { ty, value }
    }

    /// The value as JSON; unknown parts become null.
    pub fn to_json(&self) -> serde_json::Value {
        to_json(&self.value)
    }

    /// The type.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Reads the value as a typed model: missing attributes are null, others are ignored, tuples count as lists and objects as maps.
    pub fn read<T: TfValue>(&self) -> Result<T, Lift> {
        T::decode(&conform(&self.value, &T::shape().ty()))
    }

    /// A typed value as one that brings its type.
    pub fn from_value<T: TfValue>(value: &T) -> Self {
        Self {
            ty: T::shape().ty(),
            value: value.encode(),
        }
    }
}

/// `value` rearranged towards `ty` as far as that loses nothing; what does not fit stays and fails on decoding.
fn conform(value: &Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Typed(pair), ty) if *ty != Type::Dynamic => conform(&pair.1, ty),
        (Value::Object(entries) | Value::Map(entries), Type::Object(attributes)) => {
            Value::object(attributes.iter().map(|(name, ty)| {
                (
                    name.as_str(),
                    entries
                        .get(name)
                        .map_or(Value::Null, |item| conform(item, ty)),
                )
            }))
        }
        (Value::Object(entries) | Value::Map(entries), Type::Map(element)) => Value::Map(
            entries
                .iter()
                .map(|(key, item)| (key.clone(), conform(item, element)))
                .collect(),
        ),
        (Value::List(items), Type::List(element)) => {
            Value::List(items.iter().map(|item| conform(item, element)).collect())
        }
        (Value::Set(items), Type::List(element)) => {
            Value::List(items.0.iter().map(|item| conform(item, element)).collect())
        }
        (Value::List(items), Type::Set(element)) => {
            Value::set(items.iter().map(|item| conform(item, element)))
        }
        (Value::Number(number), Type::String) => Value::string(number.to_string()),
        (Value::Bool(flag), Type::String) => Value::string(flag.to_string()),
        (other, _) => other.clone(),
    }
}

impl TfValue for Dynamic {
    fn shape() -> Shape {
        Shape::Plain(Type::Dynamic)
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        match value {
            Value::Typed(pair) if pair.1.is_wholly_known() => Ok(Self {
                ty: pair.0.clone(),
                value: pair.1.clone(),
            }),
            Value::Typed(_) => Err(Lift::Unknown),
            other => Err(Lift::mismatch("value", other)),
        }
    }

    fn encode(&self) -> Value {
        if self.ty == Type::Dynamic {
            return self.value.clone();
        }
        Value::Typed(Box::new((self.ty.clone(), self.value.clone())))
    }
}
