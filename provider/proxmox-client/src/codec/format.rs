//! The grammar, and values read with it.

use std::collections::BTreeMap;
use std::fmt;

use super::check::Kind;

/// One key of a property string.
#[derive(Debug)]
pub(super) struct Prop {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
}

/// Which keys a property string has.
#[derive(Debug)]
pub struct Format {
    /// The key that may be left out before its value.
    pub(super) default: Option<&'static str>,
    pub(super) props: &'static [&'static [Prop]],
    /// Keys that stand for two: `virtio=MAC` is `model=virtio,macaddr=MAC`.
    pub(super) paired: Option<Paired>,
}

/// A key whose name is the value of one property and whose value is that of another.
#[derive(Debug)]
pub(super) struct Paired {
    pub names: &'static [&'static str],
    pub name: &'static str,
    pub value: &'static str,
}

/// Why a property string cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The key it is about; empty for the string as a whole.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}", self.reason)
        } else {
            write!(f, "{}: {}", self.key, self.reason)
        }
    }
}

impl std::error::Error for Malformed {}

fn malformed(key: &str, reason: impl Into<String>) -> Malformed {
    Malformed {
        key: key.to_owned(),
        reason: reason.into(),
    }
}

/// What a property string says: keys by their proper names, truths as `0` and `1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Nothing yet.
    pub fn new() -> Properties {
        Properties::default()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether a key is 1.
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key) == Some("1")
    }

    /// With a key set.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Properties {
        self.set(key, value);
        self
    }

    /// With a key set where there is a value.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl ToString>) -> Properties {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With a truth set where there is one.
    #[must_use]
    pub fn with_flag(self, key: &str, value: Option<bool>) -> Properties {
        self.with_some(key, value.map(u8::from))
    }

    /// Sets a key.
    pub fn set(&mut self, key: &str, value: impl ToString) {
        self.0.insert(key.to_owned(), value.to_string());
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Format {
    /// Reads a property string.
    ///
    /// # Errors
    /// The first key that Proxmox VE would refuse, too.
    pub fn parse(&self, text: &str) -> Result<Properties, Malformed> {
        let mut found = Properties::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            match part.split_once('=') {
                Some((_, "")) => {
                    return Err(malformed("", format!("there is no value in {part:?}")));
                }
                Some((key, value)) => self.read(key, value, &mut found)?,
                None => match self.default {
                    Some(default) => self.read(default, part, &mut found)?,
                    None => return Err(malformed("", format!("there is no key before {part:?}"))),
                },
            }
        }
        self.complete(found)
    }

    fn read(&self, key: &str, value: &str, found: &mut Properties) -> Result<(), Malformed> {
        if let Some(paired) = self
            .paired
            .as_ref()
            .filter(|paired| paired.names.contains(&key))
        {
            self.put(paired.name, key, found)?;
            return self.put(paired.value, value, found);
        }
        self.put(key, value, found)
    }

    fn put(&self, key: &str, value: &str, found: &mut Properties) -> Result<(), Malformed> {
        let Some(prop) = self.prop(key) else {
            return Err(malformed(key, "this key does not exist here"));
        };
        if found.get(prop.name).is_some() {
            return Err(malformed(prop.name, "it is there twice"));
        }
        let value = prop
            .kind
            .read(value)
            .map_err(|reason| malformed(prop.name, reason))?;
        found.set(prop.name, value);
        Ok(())
    }

    fn complete(&self, found: Properties) -> Result<Properties, Malformed> {
        let missing = self
            .all()
            .find(|prop| prop.required && found.get(prop.name).is_none());
        match missing {
            Some(prop) => Err(malformed(prop.name, "it is missing")),
            None => Ok(found),
        }
    }

    /// Checks values that were put together here.
    ///
    /// # Errors
    /// The first key that Proxmox VE would refuse.
    pub fn check(&self, properties: &Properties) -> Result<(), Malformed> {
        self.parse(&self.print(properties)).map(|_| ())
    }

    /// Writes a property string as Proxmox VE does: the default key first, then required ones, then the others by name.
    pub fn print(&self, properties: &Properties) -> String {
        let mut left = properties.clone();
        let mut parts = Vec::new();
        if let Some(paired) = &self.paired
            && let (Some(name), Some(value)) = (left.get(paired.name), left.get(paired.value))
        {
            parts.push(format!("{name}={value}"));
            left.remove(paired.name);
            left.remove(paired.value);
        }
        if let Some((key, value)) = self
            .default
            .and_then(|key| Some((key, left.get(key)?.to_owned())))
        {
            parts.push(value);
            left.remove(key);
        }
        let is_required = |key: &str| self.prop(key).is_some_and(|prop| prop.required);
        let (required, optional): (Vec<_>, Vec<_>) =
            left.iter().partition(|(key, _)| is_required(key));
        let rest = required.into_iter().chain(optional);
        parts.extend(rest.map(|(key, value)| format!("{key}={value}")));
        parts.join(",")
    }

    fn all(&self) -> impl Iterator<Item = &'static Prop> {
        self.props.iter().flat_map(|props| props.iter())
    }

    fn prop(&self, name: &str) -> Option<&'static Prop> {
        self.all()
            .find(|prop| prop.name == name || prop.aliases.contains(&name))
    }
}
