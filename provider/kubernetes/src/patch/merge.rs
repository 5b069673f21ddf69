//! Strategic merge. Facts: Kubernetes documentation, "Strategic Merge Patch"; the order of merged lists as kubectl 1.32 leaves them.

use serde_json::{Map, Value};

use super::Fault;
use super::strategies::{Strategies, Strategy};

/// Says what becomes of an object or an item.
const DIRECTIVE: &str = "$patch";

/// What becomes of an object.
pub enum Outcome {
    /// It is this now.
    Changed(Value),
    /// It is taken away.
    Deleted,
}

/// Refuses directives that are not known, wherever they stand.
pub fn check(document: &Value) -> Result<(), Fault> {
    match document {
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            if name == DIRECTIVE && !matches!(value.as_str(), Some("delete" | "replace")) {
                let cure = "Write `$patch: delete` or `$patch: replace`; merging needs no word.";
                return Err(Fault::new(
                    "has a `$patch` that is neither delete nor replace",
                    cure,
                ));
            }
            if name.starts_with('$') && name != DIRECTIVE {
                let cure = "Only `$patch` is known. To take a member away, write null for it.";
                return Err(Fault::new(format!("has the directive `{name}`"), cure));
            }
            check(value)
        }),
        Value::Array(items) => items.iter().try_for_each(check),
        _ => Ok(()),
    }
}

/// Merges a document into the object; what names the object stays.
pub fn merge(object: Value, document: &Value) -> Result<Outcome, Fault> {
    let strategies = Strategies::of(&object);
    let patch = unnamed(document);
    match directive(&patch) {
        Some("delete") => return Ok(Outcome::Deleted),
        Some(_) => {
            let mut anew = fresh(&patch);
            name_as(&mut anew, &object);
            return Ok(Outcome::Changed(anew));
        }
        None => {}
    }
    let mut object = object;
    if let (Some(members), Value::Object(patch)) = (object.as_object_mut(), &patch) {
        let place = Place {
            strategies: &strategies,
            path: String::new(),
        };
        members_into(members, patch, &place)?;
    }
    Ok(Outcome::Changed(object))
}

/// The document without what names an object.
fn unnamed(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        members.remove("apiVersion");
        members.remove("kind");
    }
    if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("name");
        metadata.remove("namespace");
    }
    document
}

/// Gives an object the name of another.
fn name_as(object: &mut Value, like: &Value) {
    for name in ["apiVersion", "kind"] {
        object[name] = like[name].clone();
    }
    for name in ["name", "namespace"] {
        if let Some(value) = like["metadata"].get(name) {
            object["metadata"][name] = value.clone();
        }
    }
}

/// Where in an object a merge is.
struct Place<'a> {
    strategies: &'a Strategies,
    path: String,
}

impl Place<'_> {
    fn member(&self, name: &str) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Self { path, ..*self }
    }
}

fn directive(value: &Value) -> Option<&str> {
    value.get(DIRECTIVE)?.as_str()
}

fn members_into(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    place: &Place<'_>,
) -> Result<(), Fault> {
    for (name, given) in patch {
        let place = place.member(name);
        if given.is_null() || (given.is_object() && directive(given) == Some("delete")) {
            target.remove(name);
            continue;
        }
        let value = match (target.get_mut(name), given) {
            (Some(Value::Object(members)), Value::Object(more)) if directive(given).is_none() => {
                members_into(members, more, &place)?;
                continue;
            }
            (live, Value::Array(more)) => {
                let live = live
                    .and_then(|live| live.as_array_mut())
                    .map(std::mem::take);
                list(live, more, &place)?
            }
            (_, given) => fresh(given),
        };
        target.insert(name.clone(), value);
    }
    Ok(())
}

/// A list that takes up another, or is replaced by it.
fn list(live: Option<Vec<Value>>, patch: &[Value], place: &Place<'_>) -> Result<Value, Fault> {
    let merged = match place.strategies.at(&place.path) {
        None => fresh_items(patch),
        Some(Strategy::AsSet) => set(live.unwrap_or_default(), patch),
        Some(Strategy::ByKey(key)) => keyed(live.unwrap_or_default(), patch, key, place)?,
    };
    Ok(Value::Array(merged))
}

fn set(live: Vec<Value>, patch: &[Value]) -> Vec<Value> {
    let places = live.clone();
    let others = live.into_iter().filter(|item| !patch.contains(item));
    let mut ours: Vec<Value> = Vec::new();
    for item in patch {
        if !ours.contains(item) {
            ours.push(item.clone());
        }
    }
    let at = |item: &Value| places.iter().position(|place| place == item);
    interleaved(ours, others.collect(), at)
}

/// Merges objects that are known by a member.
fn keyed(
    mut live: Vec<Value>,
    patch: &[Value],
    key: &str,
    place: &Place<'_>,
) -> Result<Vec<Value>, Fault> {
    let places: Vec<Value> = live.iter().map(|item| item[key].clone()).collect();
    let mut names: Vec<&Value> = Vec::new();
    let mut replaced = false;
    for item in patch {
        let sole = item.as_object().is_some_and(|members| members.len() == 1);
        if directive(item) == Some("replace") {
            if !sole {
                let seen = format!(
                    "has `$patch: replace` among other members in {}",
                    place.path
                );
                let cure = "It replaces the whole list: give it an item of its own.";
                return Err(Fault::new(seen, cure));
            }
            replaced = true;
            continue;
        }
        let name = item.get(key).filter(|name| !name.is_null());
        let Some(name) = name else {
            let seen = format!("has an item without `{key}` in {}", place.path);
            let cure = format!("Items of this list are known by `{key}`: write it.");
            return Err(Fault::new(seen, cure));
        };
        if directive(item) == Some("delete") {
            live.retain(|each| each[key] != *name);
        } else if !names.contains(&name) {
            names.push(name);
        }
    }
    let given = patch.iter().filter(|item| directive(item).is_none());
    if replaced {
        return Ok(given.map(fresh).collect());
    }
    for item in given {
        let found = live.iter_mut().find(|each| each[key] == item[key]);
        match (found, item) {
            (Some(Value::Object(members)), Value::Object(more)) => {
                members_into(members, more, place)?;
            }
            _ => live.push(fresh(item)),
        }
    }
    let (ours, others): (Vec<Value>, Vec<Value>) = live
        .into_iter()
        .partition(|item| names.contains(&&item[key]));
    let mut ours = ours;
    ours.sort_by_key(|item| names.iter().position(|name| **name == item[key]));
    let at = |item: &Value| places.iter().position(|name| *name == item[key]);
    Ok(interleaved(ours, others, at))
}

/// Both in their own order; an item that the patch does not name goes before the first of the patch that it was in front of.
fn interleaved(
    ours: Vec<Value>,
    others: Vec<Value>,
    at: impl Fn(&Value) -> Option<usize>,
) -> Vec<Value> {
    let mut all = Vec::with_capacity(ours.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in ours {
        let place = at(&item);
        while let Some(other) =
            others.next_if(|other| place.is_some_and(|place| at(other) < Some(place)))
        {
            all.push(other);
        }
        all.push(item);
    }
    all.extend(others);
    all
}

/// What a patch puts where nothing was: without directives, and without members that are null.
fn fresh(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, value)| {
                !value.is_null() && *name != DIRECTIVE && directive(value) != Some("delete")
            });
            Value::Object(
                members
                    .map(|(name, value)| (name.clone(), fresh(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(fresh_items(items)),
        other => other.clone(),
    }
}

/// The same of a list; an item that only says `$patch`, or is to be deleted, is none.
fn fresh_items(items: &[Value]) -> Vec<Value> {
    let items = items.iter().filter(|item| directive(item).is_none());
    items.map(fresh).collect()
}
