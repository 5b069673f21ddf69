//! The JSON form: what state files hold.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{CodecError, Number, Path, Step, Type, Value};

/// Reads `json` as type `ty`. Attributes that are missing are null; attributes that the type lacks are an error.
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, CodecError> {
    read(json, ty, &mut Path::root())
}

fn read(json: &Json, ty: &Type, path: &mut Path) -> Result<Value, CodecError> {
    let wrong = |path: &Path| CodecError::new(path, format!("the stored value is no {ty}"));
    Ok(match (ty, json) {
        (Type::Dynamic, Json::Object(pair)) => {
            let ty = pair
                .get("type")
                .and_then(Type::from_json)
                .ok_or_else(|| wrong(path))?;
            let value = read(pair.get("value").unwrap_or(&Json::Null), &ty, path)?;
            Value::Typed(Box::new((ty, value)))
        }
        (_, Json::Null) => Value::Null,
        (Type::String, Json::String(text)) => Value::string(text.as_str()),
        (Type::Bool, Json::Bool(flag)) => Value::Bool(*flag),
        (Type::Number, Json::Number(number)) => {
            Value::Number(Number::parse(&number.to_string()).ok_or_else(|| wrong(path))?)
        }
        (Type::Number, Json::String(text)) => {
            Value::Number(Number::parse(text).ok_or_else(|| wrong(path))?)
        }
        (Type::List(element), Json::Array(items)) => {
            Value::List(read_items(items, |_| Some(element), path)?)
        }
        (Type::Set(element), Json::Array(items)) => {
            Value::set(read_items(items, |_| Some(element), path)?)
        }
        (Type::Tuple(elements), Json::Array(items)) => {
            Value::List(read_items(items, |index| elements.get(index), path)?)
        }
        (Type::Map(element), Json::Object(entries)) => {
            let mut map = BTreeMap::new();
            for (key, item) in entries {
                path.0.push(Step::Key(key.clone()));
                map.insert(key.clone(), read(item, element, path)?);
                path.0.pop();
            }
            Value::Map(map)
        }
        (Type::Object(attributes), Json::Object(entries)) => {
            Value::Object(read_object(entries, attributes, path)?)
        }
        _ => return Err(wrong(path)),
    })
}

fn read_items<'t>(
    items: &[Json],
    element: impl Fn(usize) -> Option<&'t Type>,
    path: &mut Path,
) -> Result<Vec<Value>, CodecError> {
    let mut values = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let ty = element(index).ok_or_else(|| CodecError::new(path, "too many elements"))?;
        path.0.push(Step::Index(index as i64));
        values.push(read(item, ty, path)?);
        path.0.pop();
    }
    Ok(values)
}

fn read_object(
    entries: &serde_json::Map<String, Json>,
    attributes: &BTreeMap<String, Type>,
    path: &mut Path,
) -> Result<BTreeMap<String, Value>, CodecError> {
    if let Some(name) = entries.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(CodecError::new(
            path,
            format!("the schema has no attribute {name:?}"),
        ));
    }
    let mut object = BTreeMap::new();
    for (name, ty) in attributes {
        path.0.push(Step::Attribute(name.clone()));
        object.insert(
            name.clone(),
            read(entries.get(name).unwrap_or(&Json::Null), ty, path)?,
        );
        path.0.pop();
    }
    Ok(object)
}

/// The JSON form of a value; unknown parts become null. Values of "any type" lose the type they brought.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown => Json::Null,
        Value::String(text) => Json::String(text.clone()),
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => number_to_json(number),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Set(items) => items.0.iter().map(to_json).collect(),
        Value::Map(entries) | Value::Object(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), to_json(value)))
                .collect(),
        ),
        Value::Typed(pair) => to_json(&pair.1),
    }
}

/// Numbers that JSON libraries would round are written as text, which core reads as numbers just the same.
fn number_to_json(number: &Number) -> Json {
    match number {
        Number::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
            (Ok(value), _) => value.into(),
            (_, Ok(value)) => value.into(),
            _ => Json::String(value.to_string()),
        },
        Number::Decimal(text) => {
            let float = number.to_f64();
            match Number::from_f64(float) {
                Some(same) if same == *number => {
                    serde_json::Number::from_f64(float).map_or(Json::Null, Json::Number)
                }
                _ => Json::String(text.clone()),
            }
        }
    }
}

/// The type and value that free JSON stands for: objects and tuples, as core infers them.
pub fn implied_type(json: &Json) -> (Type, Value) {
    match json {
        Json::Null => (Type::Dynamic, Value::Null),
        Json::Bool(flag) => (Type::Bool, Value::Bool(*flag)),
        Json::String(text) => (Type::String, Value::string(text.as_str())),
        Json::Number(number) => (
            Type::Number,
            Number::parse(&number.to_string()).map_or(Value::Null, Value::Number),
        ),
        Json::Array(items) => {
            let (types, values) = items.iter().map(implied_type).unzip();
            (Type::Tuple(types), Value::List(values))
        }
        Json::Object(entries) => {
            let parts = entries.iter().map(|(key, item)| (key, implied_type(item)));
            let (types, values): (Vec<_>, Vec<_>) = parts
                .map(|(key, (ty, value))| ((key.clone(), ty), (key.clone(), value)))
                .unzip();
            (
                Type::Object(types.into_iter().collect()),
                Value::Object(values.into_iter().collect()),
            )
        }
    }
}
