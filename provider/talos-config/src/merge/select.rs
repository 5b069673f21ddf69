//! Deletes what a selector points at.

use super::delete::Selector;
use super::error::Fault;
use crate::document::{LoadError, nearest};
use crate::scalar;
use crate::tables::{Field, StructType, Tables, Type};
use crate::yaml::{Map, Value};

/// Why nothing was deleted.
enum Refusal {
    /// There is nothing at the path.
    Missing,
    /// There can be nothing at the path; the nearest key that there could be.
    Unknown(Option<String>),
    /// Talos does not delete this.
    Impossible(&'static str),
}

use Refusal::{Impossible, Missing};

const WHOLE: &str = "certificates and keys can only be deleted together with what they are in";

/// Deletes within a document.
pub(super) fn delete(
    ty: &StructType,
    body: &mut Map,
    selector: &Selector,
    tables: &Tables,
) -> Result<(), Fault> {
    let search = Search { tables, selector };
    let refused = search.structure(ty, body, &selector.path);
    refused.map_err(|refusal| {
        let on = |message| LoadError::at(&selector.steps(), selector.line, message);
        match refusal {
            Missing => Fault::from(on("there is nothing to delete at this path")).missing(),
            Refusal::Unknown(near) => {
                let message = "there is no such key, so there is nothing to delete";
                Fault::from(on(message).suggest(near))
            }
            Impossible(message) => Fault::from(on(message)),
        }
    })
}

struct Search<'a> {
    tables: &'a Tables,
    selector: &'a Selector,
}

impl Search<'_> {
    fn structure(&self, ty: &StructType, map: &mut Map, path: &[String]) -> Result<(), Refusal> {
        let (first, rest) = path.split_first().ok_or(Missing)?;
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
            _ => Err(Missing),
        }
    }

    fn value(&self, ty: &Type, value: &mut Value, path: &[String]) -> Result<(), Refusal> {
        match (ty.pointee(), value) {
            (Type::Struct(index), Value::Map(map)) => {
                self.structure(&self.tables.structs[*index], map, path)
            }
            (Type::Map(item), Value::Map(map)) => {
                let (first, rest) = path.split_first().ok_or(Missing)?;
                if rest.is_empty() {
                    return map.remove(first).map(|_| ()).ok_or(Missing);
                }
                self.value(item, map.get_mut(first).ok_or(Missing)?, rest)
            }
            (Type::Any, Value::Map(map)) => free(map, path),
            (Type::List(item), Value::List(items)) => self.list(item, items, path),
            _ => Err(Missing),
        }
    }

    fn list(&self, item: &Type, items: &mut Vec<Value>, path: &[String]) -> Result<(), Refusal> {
        if path.len() != 1 {
            return Err(Impossible(
                "items of a list within a list's item cannot be deleted",
            ));
        }
        if !path[0].starts_with('[') {
            return Err(Impossible(
                "this is a list, and its items are deleted by an item with $patch: delete",
            ));
        }
        let (Type::Struct(index), Some((key, text))) = (item.pointee(), &self.selector.item) else {
            return Err(Missing);
        };
        let field = field(&self.tables.structs[*index], key)?;
        let at = items.iter().position(|item| {
            let Value::Map(map) = item else { return false };
            self.text(&field.ty, map.get(key))
                .is_some_and(|found| found == *text)
        });
        items.remove(at.ok_or(Missing)?);
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
fn field<'a>(ty: &'a StructType, name: &str) -> Result<&'a Field, Refusal> {
    let Some(field) = ty.field(name) else {
        let names = ty.fields.iter().map(|field| field.name.as_str());
        return Err(Refusal::Unknown(nearest(name, names)));
    };
    if ty.whole {
        Err(Impossible(WHOLE))
    } else {
        Ok(field)
    }
}

fn free(map: &mut Map, path: &[String]) -> Result<(), Refusal> {
    let (first, rest) = path.split_first().ok_or(Missing)?;
    if rest.is_empty() {
        return map.remove(first).map(|_| ()).ok_or(Missing);
    }
    match map.get_mut(first) {
        Some(Value::Map(inner)) => free(inner, rest),
        _ => Err(Missing),
    }
}
