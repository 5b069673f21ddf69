//! Core's own rules for plans and results, checked here first so that the message names the attribute and the author.

use super::objects;
use crate::cty::{Path, Step, Value};
use crate::schema::{Attribute, Nesting, Schema, Shape};

/// One rule broken at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where.
    pub path: Path,
    /// Which rule.
    pub rule: &'static str,
}

/// What core would refuse in a planned object.
pub fn planned(schema: &Schema, prior: &Value, config: &Value, planned: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    object(
        &schema.attributes,
        prior,
        config,
        planned,
        &Path::root(),
        &mut found,
    );
    found
}

fn object(
    attributes: &[Attribute],
    prior: &Value,
    config: &Value,
    planned: &Value,
    outer: &Path,
    found: &mut Vec<Violation>,
) {
    for attribute in attributes {
        let name = attribute.name;
        let path = outer.clone().attr(name);
        let (before, config, after) = (prior.get(name), config.get(name), planned.get(name));
        if let Some(rule) = value(attribute, before, config, after) {
            found.push(Violation { path, rule });
        } else if let Shape::Nested(nesting, nested) = &attribute.shape {
            // Equal values are looked into as well: a write-only value inside must be gone.
            if !config.is_null() && !accepted_as_prior(before, config, after) {
                nested_objects(*nesting, nested, [before, config, after], &path, found);
            }
        }
    }
}

fn accepted_as_prior(before: &Value, config: &Value, after: &Value) -> bool {
    after == before && !before.is_null() && !config.is_null()
}

fn value(
    attribute: &Attribute,
    before: &Value,
    config: &Value,
    after: &Value,
) -> Option<&'static str> {
    if attribute.write_only {
        return (!after.is_null()).then_some("a write-only value must not be planned");
    }
    if after == config || accepted_as_prior(before, config, after) {
        return None;
    }
    if attribute.computed && (config.is_null() || !attribute.optional) {
        return None;
    }
    if config.is_null() {
        return Some(
            "a value is planned although configuration has none and the attribute is not computed",
        );
    }
    match (&attribute.shape, config, after) {
        (Shape::Nested(Nesting::Single, _), Value::Object(_), Value::Object(_)) => None,
        (Shape::Nested(Nesting::List, _), Value::List(config), Value::List(after))
            if config.len() == after.len() =>
        {
            None
        }
        (Shape::Nested(Nesting::Map, _), Value::Map(config), Value::Map(after))
            if config.keys().eq(after.keys()) =>
        {
            None
        }
        _ => Some("the planned value differs from configuration"),
    }
}

fn nested_objects(
    nesting: Nesting,
    nested: &[Attribute],
    [before, config, after]: [&Value; 3],
    path: &Path,
    found: &mut Vec<Violation>,
) {
    for ((step, config), (_, after)) in objects(config).into_iter().zip(objects(after)) {
        let before = match (nesting, before, &step) {
            (Nesting::Single, before, _) => before,
            (Nesting::List, Value::List(items), Some(Step::Index(index))) => {
                usize::try_from(*index)
                    .ok()
                    .and_then(|index| items.get(index))
                    .unwrap_or(&Value::Null)
            }
            (Nesting::Map, before, Some(Step::Key(key))) => before.get(key),
            _ => &Value::Null,
        };
        let mut path = path.clone();
        path.0.extend(step);
        if config == after || matches!((config, after), (Value::Object(_), Value::Object(_))) {
            object(nested, before, config, after, &path, found);
        } else {
            found.push(Violation {
                path,
                rule: "the planned value differs from configuration",
            });
        }
    }
}

/// What core would refuse in the object after apply.
pub fn applied(planned: &Value, actual: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    compatible(planned, actual, &Path::root(), &mut found);
    found
}

fn compatible(planned: &Value, actual: &Value, path: &Path, found: &mut Vec<Violation>) {
    let mut broken = |rule| {
        found.push(Violation {
            path: path.clone(),
            rule,
        })
    };
    match (planned, actual) {
        (_, actual) if actual.is_unknown() => broken("the value is still unknown after apply"),
        (Value::Unknown, _) => unknown_inside(actual, path, found),
        (Value::Null, Value::Null) => (),
        (Value::Null, _) => broken("a value appeared that the plan did not announce"),
        (_, Value::Null) => broken("the planned value is gone"),
        (Value::Typed(planned), Value::Typed(actual)) => {
            compatible(&planned.1, &actual.1, path, found)
        }
        (Value::Object(planned), Value::Object(actual)) => {
            entries(planned, actual, path, found, Path::attr)
        }
        (Value::Map(planned), Value::Map(actual)) => {
            entries(planned, actual, path, found, Path::key)
        }
        (Value::List(planned), Value::List(actual)) if planned.len() == actual.len() => {
            for (index, (planned, actual)) in planned.iter().zip(actual).enumerate() {
                compatible(planned, actual, &path.clone().index(index), found);
            }
        }
        (Value::List(_), Value::List(_)) => broken("the list has another length than planned"),
        (Value::Set(planned), Value::Set(actual)) => {
            let kept = planned
                .0
                .iter()
                .filter(|item| item.is_wholly_known())
                .all(|item| actual.0.contains(item));
            if !kept
                || (planned.0.iter().all(Value::is_wholly_known)
                    && planned.0.len() != actual.0.len())
            {
                broken("the set has other elements than planned");
            }
        }
        (planned, actual) if planned == actual => (),
        _ => broken("the value differs from the plan"),
    }
}

fn entries(
    planned: &std::collections::BTreeMap<String, Value>,
    actual: &std::collections::BTreeMap<String, Value>,
    path: &Path,
    found: &mut Vec<Violation>,
    step: fn(Path, String) -> Path,
) {
    for (key, planned) in planned {
        compatible(
            planned,
            actual.get(key).unwrap_or(&Value::Null),
            &step(path.clone(), key.clone()),
            found,
        );
    }
    for key in actual.keys().filter(|key| !planned.contains_key(*key)) {
        found.push(Violation {
            path: step(path.clone(), key.clone()),
            rule: "an element appeared that the plan did not announce",
        });
    }
}

fn unknown_inside(actual: &Value, path: &Path, found: &mut Vec<Violation>) {
    if !actual.is_wholly_known() {
        found.push(Violation {
            path: path.clone(),
            rule: "the value is still unknown after apply",
        });
    }
}
