//! Deletes what a selector points at.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

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

/// Deletes within a document: what one selector points at, or what several do that delete items of
/// one list. The answer has those that found nothing.
pub(super) fn delete(
    ty: &StructType,
    body: &mut Map,
    selectors: &[&Selector],
    tables: &Tables,
) -> Result<Vec<Fault>, Fault> {
    let Some(first) = selectors.first() else {
        return Ok(Vec::new());
    };
    let mut search = Search {
        tables,
        selectors,
        missing: Vec::new(),
    };
    let missing = match search.structure(ty, body, &first.path) {
        Ok(()) => search.missing,
        Err(Missing) => selectors.to_vec(),
        Err(Refusal::Unknown(near)) => {
            let message = "there is no such key, so there is nothing to delete";
            return Err(Fault::from(at(first, message).suggest(near)));
        }
        Err(Impossible(message)) => return Err(Fault::from(at(first, message))),
    };
    let nothing = "there is nothing to delete at this path";
    let faults = missing.into_iter();
    let faults = faults.map(|selector| Fault::from(at(selector, nothing)));
    Ok(faults.collect())
}

fn at(selector: &Selector, message: &str) -> LoadError {
    LoadError::at(&selector.steps(), selector.line, message)
}

struct Search<'a> {
    tables: &'a Tables,
    /// The first of them says where.
    selectors: &'a [&'a Selector],
    /// Those for which a list has no item.
    missing: Vec<&'a Selector>,
}

impl<'a> Search<'a> {
    fn structure(
        &mut self,
        ty: &StructType,
        map: &mut Map,
        path: &[String],
    ) -> Result<(), Refusal> {
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

    fn value(&mut self, ty: &Type, value: &mut Value, path: &[String]) -> Result<(), Refusal> {
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

    /// Each selector takes the first item that it finds and that those before it left.
    fn list(
        &mut self,
        item: &Type,
        items: &mut Vec<Value>,
        path: &[String],
    ) -> Result<(), Refusal> {
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
        let selectors = self.selectors;
        let key = selectors.first().and_then(|first| first.item.as_ref());
        let (Type::Struct(index), Some((key, _))) = (item.pointee(), key) else {
            return Err(Missing);
        };
        let field = field(&self.tables.structs[*index], key)?;
        let mut wanted: HashMap<&'a str, VecDeque<usize>> = HashMap::new();
        for (number, selector) in selectors.iter().enumerate() {
            if let Some((_, text)) = &selector.item {
                wanted.entry(text).or_default().push_back(number);
            }
        }
        let mut served = vec![false; selectors.len()];
        items.retain(|item| {
            let text = item
                .as_map()
                .and_then(|map| self.text(&field.ty, map.get(key)));
            let number = text.and_then(|text| wanted.get_mut(text.as_ref())?.pop_front());
            match number {
                Some(number) => served[number] = true,
                None => return true,
            }
            false
        });
        let missing = selectors.iter().zip(served).filter(|(_, served)| !served);
        self.missing.extend(missing.map(|(selector, _)| *selector));
        Ok(())
    }

    /// The text by which an item is found; only types that Talos can print have one.
    fn text<'v>(&self, ty: &Type, value: Option<&'v Value>) -> Option<Cow<'v, str>> {
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
        match value {
            Some(Value::Str(text) | Value::Plain(text)) => Some(Cow::Borrowed(text)),
            Some(_) => None,
            None => match scalar::zero(ty, self.tables) {
                Value::Str(text) | Value::Plain(text) => Some(Cow::Owned(text)),
                _ => None,
            },
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
