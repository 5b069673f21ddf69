//! Deletes what a selector points at.

use super::delete::Selector;
use super::error::Fault;
use crate::scalar;
use crate::tables::{Field, StructType, Tables, Type};
use crate::yaml::{Map, Value};

const NOT_FOUND: &str = "there is nothing to delete at this path";
const UNKNOWN: &str = "there is no such key, so there is nothing to delete";
const WHOLE: &str = "certificates and keys can only be deleted together with what they are in";

/// Deletes within a document.
pub(super) fn delete(
    ty: &StructType,
    body: &mut Map,
    selector: &Selector,
    tables: &Tables,
) -> Result<(), Fault> {
    let search = Search { tables, selector };
    search
        .structure(ty, body, &selector.path)
        .map_err(|message| Fault {
            path: selector.path.join("."),
            is_missing: message == NOT_FOUND,
            ..Fault::new(message)
        })
}

struct Search<'a> {
    tables: &'a Tables,
    selector: &'a Selector,
}

impl Search<'_> {
    fn structure(
        &self,
        ty: &StructType,
        map: &mut Map,
        path: &[String],
    ) -> Result<(), &'static str> {
        let (first, rest) = path.split_first().ok_or(NOT_FOUND)?;
        let field = field(ty, first)?;
        if rest.is_empty() {
            map.remove(first);
            return Ok(());
        }
        match (&field.ty, map.get_mut(first)) {
            (ty, Some(value)) => self.value(ty, value, rest),
            // A part that is no pointer always exists, if only empty.
            (Type::Struct(index), None) => {
                self.structure(&self.tables.structs[*index], &mut Map::new(), rest)
            }
            _ => Err(NOT_FOUND),
        }
    }

    fn value(&self, ty: &Type, value: &mut Value, path: &[String]) -> Result<(), &'static str> {
        match (ty.pointee(), value) {
            (Type::Struct(index), Value::Map(map)) => {
                self.structure(&self.tables.structs[*index], map, path)
            }
            (Type::Map(item), Value::Map(map)) => {
                let (first, rest) = path.split_first().ok_or(NOT_FOUND)?;
                if rest.is_empty() {
                    return map.remove(first).map(|_| ()).ok_or(NOT_FOUND);
                }
                self.value(item, map.get_mut(first).ok_or(NOT_FOUND)?, rest)
            }
            (Type::Any, Value::Map(map)) => free(map, path),
            (Type::List(item), Value::List(items)) => self.list(item, items, path),
            _ => Err(NOT_FOUND),
        }
    }

    fn list(
        &self,
        item: &Type,
        items: &mut Vec<Value>,
        path: &[String],
    ) -> Result<(), &'static str> {
        if path.len() != 1 {
            return Err("items of a list within a list's item cannot be deleted");
        }
        if !path[0].starts_with('[') {
            return Err("this is a list, and its items are deleted by an item with $patch: delete");
        }
        let (Type::Struct(index), Some((key, text))) = (item.pointee(), &self.selector.item) else {
            return Err(NOT_FOUND);
        };
        let field = field(&self.tables.structs[*index], key)?;
        let at = items.iter().position(|item| {
            let Value::Map(map) = item else { return false };
            self.text(&field.ty, map.get(key))
                .is_some_and(|found| found == *text)
        });
        items.remove(at.ok_or(NOT_FOUND)?);
        Ok(())
    }

    /// The text by which an item is found; only types that Talos can print have one.
    fn text(&self, ty: &Type, value: Option<&Value>) -> Option<String> {
        match ty.pointee() {
            Type::Str
            | Type::Enum(_)
            | Type::Url
            | Type::Endpoint
            | Type::Ip
            | Type::Cidr
            | Type::AddrPort
            | Type::Duration
            | Type::HwAddr
            | Type::Cel
            | Type::FileMode => {}
            _ => return None,
        }
        let value = match value {
            Some(value) => value.clone(),
            None => scalar::zero(ty, self.tables),
        };
        match value {
            Value::Str(text) | Value::Plain(text) => Some(text),
            _ => None,
        }
    }
}

/// Certificates and keys can only be deleted as a whole.
fn field<'a>(ty: &'a StructType, name: &str) -> Result<&'a Field, &'static str> {
    let field = ty.field(name).ok_or(UNKNOWN)?;
    if ty.whole { Err(WHOLE) } else { Ok(field) }
}

fn free(map: &mut Map, path: &[String]) -> Result<(), &'static str> {
    let (first, rest) = path.split_first().ok_or(NOT_FOUND)?;
    if rest.is_empty() {
        return map.remove(first).map(|_| ()).ok_or(NOT_FOUND);
    }
    match map.get_mut(first) {
        Some(Value::Map(inner)) => free(inner, rest),
        _ => Err(NOT_FOUND),
    }
}
