//! Core's merge of configuration and prior object, which the plan starts from.

use crate::cty::Value;
use crate::schema::{Attribute, Nesting, Schema, Shape};

/// The proposed object: configuration, with prior values where configuration is null and the attribute computed.
pub(super) fn proposed(schema: &Schema, prior: &Value, config: &Value) -> Value {
    merge(&schema.attributes, prior, config)
}

fn merge(attributes: &[Attribute], prior: &Value, config: &Value) -> Value {
    if !matches!(config, Value::Object(_)) {
        return config.clone();
    }
    Value::object(attributes.iter().map(|attribute| {
        let (before, written) = (prior.get(attribute.name), config.get(attribute.name));
        (attribute.name, value(attribute, before, written))
    }))
}

fn value(attribute: &Attribute, before: &Value, written: &Value) -> Value {
    if written.is_null() {
        return if attribute.computed {
            before.clone()
        } else {
            Value::Null
        };
    }
    let Shape::Nested(nesting, nested) = &attribute.shape else {
        return written.clone();
    };
    match (nesting, written) {
        (Nesting::Single, _) => merge(nested, before, written),
        (Nesting::List, Value::List(items)) => {
            let olds: &[Value] = match before {
                Value::List(olds) => olds,
                _ => &[],
            };
            let merged = items
                .iter()
                .enumerate()
                .map(|(index, item)| merge(nested, olds.get(index).unwrap_or(&Value::Null), item));
            Value::List(merged.collect())
        }
        (Nesting::Map, Value::Map(items)) => Value::Map(
            items
                .iter()
                .map(|(key, item)| (key.clone(), merge(nested, before.get(key), item)))
                .collect(),
        ),
        _ => written.clone(),
    }
}
