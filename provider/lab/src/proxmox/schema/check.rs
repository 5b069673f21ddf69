//! Checks a request's parameters, as PVE does before a handler runs.

use std::collections::BTreeMap;

use super::formats;
use super::table::{Kind, Method, Property, find};

/// A parameter as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    One(String),
    /// The same form key twice, or a JSON array.
    Many(Vec<String>),
}

/// Checked parameters by name.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Arguments {
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) lists: BTreeMap<String, Vec<String>>,
}

impl Arguments {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A flag; absent means false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("1")
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.trim_start_matches('+').parse().ok()
    }

    /// Items of a parameter such as `delete` or `tags`.
    pub(crate) fn items(&self, name: &str) -> Vec<String> {
        self.get(name)
            .map(|value| formats::split_list(value).map(str::to_owned).collect())
            .unwrap_or_default()
    }
}

const UNKNOWN: &str =
    "property is not defined in schema and the schema does not allow additional properties";

/// Checks what was sent against what a method takes; `known` tells what the release has.
///
/// # Errors
/// One text per parameter, as PVE's `errors` (recorded with PVE 9.2).
pub(crate) fn check_arguments(
    method: &Method,
    sent: BTreeMap<String, Value>,
    known: impl Fn(&str) -> bool,
) -> Result<Arguments, BTreeMap<String, String>> {
    let mut errors = BTreeMap::new();
    let mut checked = Arguments::default();
    for property in &method.properties {
        if !property.optional && property.index.is_none() && !sent.contains_key(&property.name) {
            let text = "property is missing and it is not optional";
            errors.insert(property.name.clone(), text.to_owned());
        }
    }
    for (name, value) in &sent {
        let property = find(&method.properties, name).filter(|_| known(name));
        let Some(property) = property else {
            errors.insert(name.clone(), UNKNOWN.to_owned());
            continue;
        };
        if let Some(other) = missing(property, |other| sent.contains_key(other)) {
            let text = format!("missing property required by '{name}'");
            errors.insert(other.to_owned(), text);
        }
        if let Err(text) = check_sent(property, name, value) {
            errors.insert(name.clone(), text);
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    for (name, value) in sent {
        match value {
            Value::One(value) => drop(checked.values.insert(name, value)),
            Value::Many(values) => drop(checked.lists.insert(name, values)),
        }
    }
    Ok(checked)
}

fn missing(property: &Property, present: impl Fn(&str) -> bool) -> Option<&str> {
    let other = property.requires.as_deref()?;
    (!present(other)).then_some(other)
}

fn check_sent(property: &Property, name: &str, value: &Value) -> Result<(), String> {
    match (property.kind, value) {
        (Kind::List, Value::One(value)) => check_value(property, name, value),
        (Kind::List, Value::Many(values)) => values
            .iter()
            .try_for_each(|value| check_value(property, name, value)),
        (_, Value::One(value)) => check_value(property, name, value),
        (kind, Value::Many(_)) => Err(wrong_type(kind, "ARRAY", false)),
    }
}

fn wrong_type(kind: Kind, got: &str, quoted: bool) -> String {
    let kind = match kind {
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        _ => "string",
    };
    let quote = if quoted { "'" } else { "" };
    format!("type check ('{kind}') failed - got {quote}{got}{quote}")
}

/// Checks a scalar.
///
/// # Errors
/// The text that PVE gives for the parameter `name`.
pub(crate) fn check_value(property: &Property, name: &str, value: &str) -> Result<(), String> {
    let typed = match property.kind {
        Kind::Integer => is_integer(value),
        Kind::Number => is_number(value),
        Kind::Boolean => ["0", "1"].contains(&value),
        _ => true,
    };
    if !typed {
        return Err(wrong_type(property.kind, value, true));
    }
    if let Some(format) = &property.format {
        formats::check(format, value, &format!("{name}."))
            .map_err(|text| format!("invalid format - {text}"))?;
    }
    if matches!(property.kind, Kind::Integer | Kind::Number) {
        check_range(property, value)?;
    }
    check_text(property, value)
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(value: &str) -> bool {
    value.parse::<f64>().is_ok_and(f64::is_finite)
}

fn check_range(property: &Property, value: &str) -> Result<(), String> {
    let number: f64 = value.parse().unwrap_or_default();
    match (property.minimum, property.maximum) {
        (Some(minimum), _) if number < minimum => {
            Err(format!("value must have a minimum value of {minimum}"))
        }
        (_, Some(maximum)) if number > maximum => {
            Err(format!("value must have a maximum value of {maximum}"))
        }
        _ => Ok(()),
    }
}

fn check_text(property: &Property, value: &str) -> Result<(), String> {
    let length = value.chars().count();
    if let Some(longest) = property.longest.filter(|longest| length > *longest) {
        return Err(format!("value may only be {longest} characters long"));
    }
    if let Some(shortest) = property.shortest.filter(|shortest| length < *shortest) {
        return Err(format!("value must be at least {shortest} characters long"));
    }
    let pattern = property.pattern.as_ref();
    if pattern.is_some_and(|pattern| !pattern.is_match(value)) {
        return Err("value does not match the regex pattern".to_owned());
    }
    if property.one.is_empty() || property.one.iter().any(|one| one == value) {
        return Ok(());
    }
    let list = property.one.join(", ");
    Err(format!(
        "value '{value}' does not have a value in the enumeration '{list}'"
    ))
}
