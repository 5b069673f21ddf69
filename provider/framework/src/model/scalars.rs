//! Text, truth and numbers.

use super::{Lift, TfValue};
use crate::cty::{Number, Type, Value};
use crate::schema::Shape;

impl TfValue for String {
    fn shape() -> Shape {
        Shape::Plain(Type::String)
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(Lift::mismatch("string", other)),
        }
    }

    fn encode(&self) -> Value {
        Value::string(self.as_str())
    }
}

impl TfValue for bool {
    fn shape() -> Shape {
        Shape::Plain(Type::Bool)
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            other => Err(Lift::mismatch("bool", other)),
        }
    }

    fn encode(&self) -> Value {
        Value::Bool(*self)
    }
}

impl TfValue for i64 {
    fn shape() -> Shape {
        Shape::Plain(Type::Number)
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        match value {
            Value::Number(number) => number.to_i64().ok_or_else(|| {
                Lift::Mismatch(
                    Default::default(),
                    format!("a whole number is needed, not {number}"),
                )
            }),
            other => Err(Lift::mismatch("number", other)),
        }
    }

    fn encode(&self) -> Value {
        Value::int(*self)
    }
}

impl TfValue for f64 {
    fn shape() -> Shape {
        Shape::Plain(Type::Number)
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        match value {
            Value::Number(number) => Ok(number.to_f64()),
            other => Err(Lift::mismatch("number", other)),
        }
    }

    /// Core knows neither NaN nor infinity as attribute values; they become null.
    fn encode(&self) -> Value {
        Number::from_f64(*self).map_or(Value::Null, Value::Number)
    }
}
