//! Lists, maps and sets of anything that has a value.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lift, TfValue};
use crate::cty::{Step, Value};
use crate::schema::Shape;

impl<T: TfValue> TfValue for Vec<T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn shape() -> Shape {
        T::shape().list()
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        match value {
            Value::List(items) => decode_items(items),
            other => Err(Lift::mismatch("list", other)),
        }
    }

    fn encode(&self) -> Value {
        Value::List(self.iter().map(TfValue::encode).collect())
    }
}

impl<T: TfValue + Ord> TfValue for BTreeSet<T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn shape() -> Shape {
        T::shape().set()
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        match value {
            Value::Set(items) => Ok(decode_items(&items.0)?.into_iter().collect()),
            other => Err(Lift::mismatch("set", other)),
        }
    }

    fn encode(&self) -> Value {
        Value::set(self.iter().map(TfValue::encode))
    }
}

impl<T: TfValue> TfValue for BTreeMap<String, T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn shape() -> Shape {
        T::shape().map()
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        let Value::Map(entries) = value else {
            return Err(Lift::mismatch("map", value));
        };
        entries
            .iter()
            .map(|(key, item)| {
                let item = T::decode(item).map_err(|lift| lift.under(Step::Key(key.clone())))?;
                Ok((key.clone(), item))
            })
            .collect()
    }

    fn encode(&self) -> Value {
        Value::Map(
            self.iter()
                .map(|(key, item)| (key.clone(), item.encode()))
                .collect(),
        )
    }
}

fn decode_items<T: TfValue>(items: &[Value]) -> Result<Vec<T>, Lift> {
    let decoded = items
        .iter()
        .enumerate()
        .map(|(index, item)| T::decode(item).map_err(|lift| lift.under(Step::Index(index as i64))));
    decoded.collect()
}
