//! What happens to a proposed object before the resource's own plan function sees it.

use super::{get_mut, objects, pairs};
use crate::cty::{Path, Value};
use crate::schema::{Attribute, Schema, Shape};

/// Defaults, write-only values taken out, and computed values made unknown where something changes.
pub(crate) fn prepare(
    schema: &Schema,
    prior: &Value,
    mut proposed: Value,
    config: &Value,
) -> Value {
    defaults(&schema.attributes, config, &mut proposed);
    null_write_only(&schema.attributes, &mut proposed);
    if proposed != *prior {
        force_update(schema, prior, &mut proposed, config);
    }
    proposed
}

/// Makes computed values unknown as an update does, whether anything changed or not.
pub(crate) fn force_update(schema: &Schema, prior: &Value, proposed: &mut Value, config: &Value) {
    mark_unknown(&schema.attributes, config, proposed);
    keep(&schema.attributes, prior, proposed);
}

fn defaults(attributes: &[Attribute], config: &Value, proposed: &mut Value) {
    for attribute in attributes {
        let configured = config.get(attribute.name);
        let Some(target) = get_mut(proposed, attribute.name) else {
            continue;
        };
        match (&attribute.default, &attribute.shape) {
            (Some(default), _) if configured.is_null() => *target = default.clone(),
            (_, Shape::Nested(nesting, nested)) => {
                pairs(*nesting, configured, target, |config, target| {
                    defaults(nested, config, target)
                })
            }
            _ => (),
        }
    }
}

/// Takes out every write-only value: they must be null in all that is sent back.
pub(crate) fn null_write_only(attributes: &[Attribute], value: &mut Value) {
    for attribute in attributes {
        let Some(target) = get_mut(value, attribute.name) else {
            continue;
        };
        if attribute.write_only {
            *target = Value::Null;
        } else if let Shape::Nested(_, nested) = &attribute.shape {
            match target {
                Value::Object(_) => null_write_only(nested, target),
                Value::List(items) => items
                    .iter_mut()
                    .for_each(|item| null_write_only(nested, item)),
                Value::Map(entries) => entries
                    .values_mut()
                    .for_each(|item| null_write_only(nested, item)),
                _ => (),
            }
        }
    }
}

fn mark_unknown(attributes: &[Attribute], config: &Value, proposed: &mut Value) {
    for attribute in attributes {
        let configured = config.get(attribute.name);
        let Some(target) = get_mut(proposed, attribute.name) else {
            continue;
        };
        if configured.is_null() {
            if attribute.computed && attribute.default.is_none() {
                *target = Value::Unknown;
            }
        } else if let Shape::Nested(nesting, nested) = &attribute.shape {
            pairs(*nesting, configured, target, |config, target| {
                mark_unknown(nested, config, target)
            });
        }
    }
}

/// Puts prior values back where an attribute says that updates do not move it.
fn keep(attributes: &[Attribute], prior: &Value, proposed: &mut Value) {
    for attribute in attributes {
        let before = prior.get(attribute.name);
        let Some(target) = get_mut(proposed, attribute.name) else {
            continue;
        };
        if attribute.keep && target.is_unknown() && !before.is_null() {
            *target = before.clone();
        } else if let Shape::Nested(nesting, nested) = &attribute.shape {
            pairs(*nesting, before, target, |before, target| {
                keep(nested, before, target)
            });
        }
    }
}

/// Places whose attribute says `replace` and whose value changes.
pub(crate) fn replacements(attributes: &[Attribute], prior: &Value, planned: &Value) -> Vec<Path> {
    let changed = attributes.iter().filter(|attribute| {
        attribute.replace && prior.get(attribute.name) != planned.get(attribute.name)
    });
    changed
        .map(|attribute| Path::attribute(attribute.name))
        .collect()
}

/// Texts that an attribute's `one_of` does not allow, as path and what is allowed.
pub(crate) fn check_texts(
    attributes: &[Attribute],
    value: &Value,
    outer: &Path,
    found: &mut Vec<(Path, String)>,
) {
    for attribute in attributes {
        let path = outer.clone().attr(attribute.name);
        let current = value.get(attribute.name);
        if !attribute.one_of.is_empty() {
            check_text(attribute.one_of, current, &path, found);
        }
        if let Shape::Nested(_, nested) = &attribute.shape {
            for (step, object) in objects(current) {
                let mut path = path.clone();
                path.0.extend(step);
                check_texts(nested, object, &path, found);
            }
        }
    }
}

fn check_text(allowed: &[&str], value: &Value, path: &Path, found: &mut Vec<(Path, String)>) {
    match value {
        Value::String(text) if !allowed.contains(&text.as_str()) => {
            let quoted: Vec<String> = allowed.iter().map(|text| format!("{text:?}")).collect();
            found.push((
                path.clone(),
                format!("{text:?} is not one of {}.", quoted.join(", ")),
            ));
        }
        Value::List(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| check_text(allowed, item, &path.clone().index(index), found)),
        // Elements of sets have no address: the set itself is named.
        Value::Set(items) => items
            .0
            .iter()
            .for_each(|item| check_text(allowed, item, path, found)),
        _ => (),
    }
}
