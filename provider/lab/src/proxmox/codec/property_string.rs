//! `a,key=value,…` by a format of the tables (grammar recorded with PVE 9.2).

use std::collections::BTreeMap;

use crate::proxmox::schema::{Kind, Property, check_value, schema};

/// Keys and values; flags are `0` or `1`.
pub(crate) type Keys = BTreeMap<String, String>;

/// Why a property string was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The string falls apart before its keys are looked at.
    Syntax(String),
    /// One text per key.
    Keys(BTreeMap<String, String>),
}

impl Problem {
    /// The text PVE gives, each key with `prefix` before it (`net0.`).
    pub(crate) fn text(&self, prefix: &str) -> String {
        match self {
            Self::Syntax(text) => format!("{text}\n"),
            Self::Keys(keys) => {
                let line = |(key, text): (&String, &String)| {
                    let text = text.replace("{prefix}", prefix);
                    format!("{prefix}{key}: {text}\n")
                };
                let lines: String = keys.iter().map(line).collect();
                format!("format error\n{lines}")
            }
        }
    }
}

/// Reads a property string.
///
/// # Errors
/// What PVE answers for a malformed string or a wrong key.
pub(crate) fn parse(format: &str, text: &str) -> Result<Keys, Problem> {
    let properties = schema()
        .formats
        .get(format)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut keys = Keys::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        read_part(properties, part, &mut keys).map_err(Problem::Syntax)?;
    }
    let keys: Keys = keys
        .into_iter()
        .map(|(key, value)| (key.clone(), plain_flag(properties, &key, value)))
        .collect();
    let problems = problems(properties, &keys);
    if problems.is_empty() {
        Ok(keys)
    } else {
        Err(Problem::Keys(problems))
    }
}

fn named<'a>(properties: &'a [Property], name: &str) -> Option<&'a Property> {
    properties.iter().find(|property| property.name == name)
}

fn read_part(properties: &[Property], part: &str, keys: &mut Keys) -> Result<(), String> {
    let (key, value) = match part.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => (key, value),
        Some(_) => return Err("missing key in comma-separated list property".to_owned()),
        None => {
            let bare = properties.iter().find(|property| property.bare);
            let bare = bare.ok_or("value without key, but schema does not define a default key")?;
            (bare.name.as_str(), part)
        }
    };
    let property = named(properties, key);
    if let Some(holder) = property.and_then(|property| property.key_alias.as_ref()) {
        put(keys, holder, key)?;
    }
    let alias = property.and_then(|property| property.alias.as_deref());
    put(keys, alias.unwrap_or(key), value)
}

fn put(keys: &mut Keys, key: &str, value: &str) -> Result<(), String> {
    match keys.insert(key.to_owned(), value.to_owned()) {
        Some(_) => Err(format!(
            "duplicate key in comma-separated list property: {key}"
        )),
        None => Ok(()),
    }
}

/// `yes`, `on` and `true` are flags in a property string, unlike in a parameter.
fn plain_flag(properties: &[Property], key: &str, value: String) -> String {
    let flag = named(properties, key).is_some_and(|property| property.kind == Kind::Boolean);
    match value.to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" | "true" if flag => "1".to_owned(),
        "0" | "off" | "no" | "false" if flag => "0".to_owned(),
        _ => value,
    }
}

fn problems(properties: &[Property], keys: &Keys) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for property in properties {
        if property.kind != Kind::Alias && !property.optional && !keys.contains_key(&property.name)
        {
            let text = "property is missing and it is not optional";
            found.insert(property.name.clone(), text.to_owned());
        }
    }
    for (key, value) in keys {
        match named(properties, key) {
            None => {
                let text = "property is not defined in schema and the schema does not allow additional properties";
                found.insert(key.clone(), text.to_owned());
            }
            Some(property) => {
                if let Some(other) = property
                    .requires
                    .as_ref()
                    .filter(|other| !keys.contains_key(*other))
                {
                    let text = format!("missing property required by '{{prefix}}{key}'");
                    found.insert(other.clone(), text);
                }
                if let Err(text) = check_value(property, key, value) {
                    found.insert(key.clone(), text);
                }
            }
        }
    }
    found
}

/// Writes keys in PVE's order: bare value, `model=mac`, required keys, the rest by name.
pub(crate) fn print(format: &str, keys: &Keys) -> String {
    let properties = schema()
        .formats
        .get(format)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut left = keys.clone();
    let mut parts = Vec::new();
    let alias = properties.iter().find_map(|property| {
        let holder = keys.get(property.key_alias.as_ref()?)?;
        (*holder == property.name).then_some(property)
    });
    if let Some(property) = alias
        && let Some(value) = property.alias.as_ref().and_then(|alias| left.remove(alias))
    {
        left.remove(property.key_alias.as_deref().unwrap_or_default());
        parts.push(format!("{}={value}", property.name));
    }
    if let Some(bare) = properties.iter().find(|property| property.bare)
        && let Some(value) = left.remove(&bare.name)
    {
        parts.push(value);
    }
    let required = properties
        .iter()
        .filter(|property| !property.optional && property.kind != Kind::Alias);
    for property in required {
        if let Some(value) = left.remove(&property.name) {
            parts.push(format!("{}={value}", property.name));
        }
    }
    parts.extend(left.iter().map(|(key, value)| format!("{key}={value}")));
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(format: &str, text: &str) -> String {
        parse(format, text).unwrap_err().text("")
    }

    #[test]
    fn a_card_is_read_in_every_spelling() {
        let same = "virtio=BC:24:11:00:00:01,bridge=vmbr0";
        for text in [
            same,
            "model=virtio,macaddr=BC:24:11:00:00:01,bridge=vmbr0",
            "bridge=vmbr0,virtio=BC:24:11:00:00:01",
            "virtio=BC:24:11:00:00:01,,bridge=vmbr0",
        ] {
            assert_eq!(print("net", &parse("net", text).unwrap()), same, "{text}");
        }
    }

    #[test]
    fn broken_strings_are_told_apart() {
        assert_eq!(
            refused("net", "virtio,bridge="),
            "missing key in comma-separated list property\n"
        );
        assert_eq!(
            refused("net", "virtio,e1000"),
            "duplicate key in comma-separated list property: model\n"
        );
        assert_eq!(
            refused("net", "bridge=vmbr0"),
            "format error\nmodel: property is missing and it is not optional\n"
        );
        assert_eq!(
            refused("net", "virtio,tag=4095"),
            "format error\ntag: value must have a maximum value of 4094\n"
        );
        assert_eq!(
            parse("pve-qm-ipconfig", "gw=1.2.3.4")
                .unwrap_err()
                .text("ipconfig0."),
            "format error\nipconfig0.ip: missing property required by 'ipconfig0.gw'\n"
        );
    }

    #[test]
    fn flags_have_many_spellings_in_strings() {
        for text in ["on", "yes", "true", "enabled=1"] {
            assert_eq!(parse("agent", text).unwrap()["enabled"], "1", "{text}");
        }
        assert!(refused("agent", "maybe").contains("got 'maybe'"));
    }
}
