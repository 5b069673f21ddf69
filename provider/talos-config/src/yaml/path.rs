use std::fmt;

use super::value::{Map, Value};

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A key of a mapping.
    Key(String),
    /// A position in a list, counted from 0.
    Index(usize),
}

/// A path that does not lead anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError(pub(crate) String);

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PathError {}

impl Step {
    /// A step to `key`.
    pub fn key(key: impl Into<String>) -> Self {
        Self::Key(key.into())
    }

    /// Reads `machine.sysctls["net.ipv4.ip_forward"]` or `machine.files[0].path`.
    pub fn parse_path(text: &str) -> Result<Vec<Self>, PathError> {
        let bad = || PathError(format!("'{text}' is not a path"));
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix("[\"") {
                let (key, after) = quoted.split_once("\"]").ok_or_else(bad)?;
                steps.push(Self::key(key));
                rest = after;
            } else if let Some(number) = rest.strip_prefix('[') {
                let (index, after) = number.split_once(']').ok_or_else(bad)?;
                steps.push(Self::Index(index.parse().map_err(|_| bad())?));
                rest = after;
            } else {
                let rest_key = rest.strip_prefix('.').unwrap_or(rest);
                let end = rest_key.find(['.', '[']).unwrap_or(rest_key.len());
                if end == 0 {
                    return Err(bad());
                }
                steps.push(Self::key(&rest_key[..end]));
                rest = &rest_key[end..];
            }
        }
        Ok(steps)
    }
}

/// How much of a key or a name is shown: enough to know it again.
const SHOWN: usize = 60;
/// How many steps of a path are shown; real configurations nest at most 15 levels deep.
const SHOWN_STEPS: usize = 20;

/// A key or a name as it is shown: its beginning, on one line.
pub(crate) fn shown(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        if at == SHOWN {
            out.push('…');
            break;
        }
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// [`path_text`] for a message: no longer than a message may be.
pub(crate) fn shown_path(path: &[Step]) -> String {
    let steps = path.iter().take(SHOWN_STEPS).map(|step| match step {
        Step::Key(key) => Step::Key(shown(key)),
        Step::Index(index) => Step::Index(*index),
    });
    let text = path_text(&steps.collect::<Vec<_>>());
    if path.len() > SHOWN_STEPS {
        text + "…"
    } else {
        text
    }
}

/// The text of a path; keys that are no plain words go into brackets and quotes.
pub(crate) fn path_text(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Index(index) => out.push_str(&format!("[{index}]")),
            Step::Key(key)
                if !key.is_empty()
                    && key
                        .chars()
                        .all(|c| c.is_alphanumeric() || c == '-' || c == '_') =>
            {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Step::Key(key) => out.push_str(&format!("[\"{key}\"]")),
        }
    }
    out
}

/// The value at a path.
pub(crate) fn get<'a>(root: &'a Map, path: &[Step]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let Step::Key(key) = first else { return None };
    rest.iter()
        .try_fold(root.get(key)?, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.as_list()?.get(*index),
        })
}

/// Puts a value at a path; mappings on the way are made, list items must exist or be the next.
pub(crate) fn set(root: &mut Map, path: &[Step], value: Value) -> Result<(), PathError> {
    let wrong = || {
        PathError(format!(
            "{} leads through something else than a mapping or a list",
            path_text(path)
        ))
    };
    let Some((Step::Key(first), rest)) = path.split_first() else {
        return Err(wrong());
    };
    if rest.is_empty() {
        root.insert(first.as_str(), value);
        return Ok(());
    }
    if root.get(first).is_none_or(Value::is_null) {
        root.insert(first.as_str(), Value::map());
    }
    let mut place = root.get_mut(first).ok_or_else(wrong)?;
    for step in rest {
        place = enter(place, step).ok_or_else(wrong)?;
    }
    *place = value;
    Ok(())
}

fn enter<'a>(place: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    if place.is_null() {
        *place = match step {
            Step::Key(_) => Value::map(),
            Step::Index(_) => Value::List(Vec::new()),
        };
    }
    match (place, step) {
        (Value::Map(map), Step::Key(key)) => {
            if !map.contains_key(key) {
                map.push(key.as_str(), Value::Null);
            }
            map.get_mut(key)
        }
        (Value::List(items), Step::Index(index)) => {
            if *index == items.len() {
                items.push(Value::Null);
            }
            items.get_mut(*index)
        }
        _ => None,
    }
}

/// Takes out the value at a path.
pub(crate) fn unset(root: &mut Map, path: &[Step]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let Some((Step::Key(first), rest)) = parents.split_first() else {
        let Step::Key(key) = last else { return None };
        return root.remove(key);
    };
    let mut place = root.get_mut(first)?;
    for step in rest {
        place = match (place, step) {
            (Value::Map(map), Step::Key(key)) => map.get_mut(key)?,
            (Value::List(items), Step::Index(index)) => items.get_mut(*index)?,
            _ => return None,
        };
    }
    match (place, last) {
        (Value::Map(map), Step::Key(key)) => map.remove(key),
        (Value::List(items), Step::Index(index)) if *index < items.len() => {
            Some(items.remove(*index))
        }
        _ => None,
    }
}
