use crate::scalar;
use crate::tables::{StructType, Tables, Type};
use crate::yaml::{Map, Value, compare_keys, sort_keys};

/// A mapping as Talos writes it: keys in the order of the tables, empty ones left out, those that
/// are always written filled in.
pub(crate) fn canonical(ty: &StructType, mut map: Map, tables: &Tables) -> Map {
    let mut result = Map::new();
    for field in &ty.fields {
        let value = map
            .remove(&field.name)
            .map(|value| value_of(&field.ty, value, tables));
        match value {
            Some(value)
                if field.always
                    || field.keep && !value.is_null()
                    || !scalar::is_zero(&field.ty, &value, tables) =>
            {
                result.push(field.name.as_str(), value)
            }
            None if field.always => {
                result.push(
                    field.name.as_str(),
                    value_of(&field.ty, scalar::zero(&field.ty, tables), tables),
                );
            }
            _ => {}
        }
    }
    result
}

fn value_of(ty: &Type, value: Value, tables: &Tables) -> Value {
    match (ty, value) {
        (Type::Ptr(_) | Type::Arg, Value::Null) => Value::Null,
        (Type::Ptr(inner), value) => value_of(inner, value, tables),
        (ty, Value::Null) => value_of(ty, scalar::zero(ty, tables), tables),
        (Type::Struct(index), Value::Map(map)) => {
            Value::Map(canonical(&tables.structs[*index], map, tables))
        }
        (Type::List(item), Value::List(items)) => Value::List(
            items
                .into_iter()
                .map(|v| value_of(item, v, tables))
                .collect(),
        ),
        (Type::Map(item), Value::Map(mut map)) => {
            for (_, value) in map.iter_mut() {
                *value = value_of(item, std::mem::replace(value, Value::Null), tables);
            }
            map.entries_mut()
                .sort_by(|(a, _), (b, _)| compare_keys(a, b));
            Value::Map(map)
        }
        (Type::Any, mut value) => {
            sort_keys(&mut value);
            value
        }
        (_, value) => value,
    }
}
