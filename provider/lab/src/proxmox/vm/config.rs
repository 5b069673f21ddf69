//! A VM's configuration file: current values, pending ones, and what is to go.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::codec::{Drive, percent_encode};
use crate::proxmox::schema::{Kind, schema};

/// Options by name.
pub(crate) type Options = BTreeMap<String, String>;

/// A configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Config {
    pub(crate) current: Options,
    pub(crate) pending: Options,
    /// Options to be deleted, and whether a disk's volume goes with them.
    pub(crate) deletes: BTreeMap<String, bool>,
}

impl Config {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.current.get(name).map(String::as_str)
    }

    /// The value that counts after the next start.
    pub(crate) fn later(&self, name: &str) -> Option<&str> {
        self.pending
            .get(name)
            .map(String::as_str)
            .or_else(|| self.get(name))
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.trim().parse().ok()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("1")
    }

    /// SHA-1 of the file's text.
    pub(crate) fn digest(&self) -> String {
        let hash = Sha1::digest(self.text().as_bytes());
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn text(&self) -> String {
        let lines = |options: &Options| -> String {
            let line = |(name, value): (&String, &String)| match name.as_str() {
                "description" => format!("#{}\n", percent_encode(value)),
                name => format!("{name}: {value}\n"),
            };
            options.iter().map(line).collect()
        };
        let mut text = lines(&self.current);
        if !self.pending.is_empty() || !self.deletes.is_empty() {
            text.push_str("\n[PENDING]\n");
            for (name, force) in &self.deletes {
                let force = if *force { "!" } else { "" };
                text.push_str(&format!("delete: {force}{name}\n"));
            }
            text.push_str(&lines(&self.pending));
        }
        text
    }

    /// Sets a current option; an empty value is one space, an empty description is nothing.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if let Some(value) = stored(name, value) {
            self.current.insert(name.to_owned(), value);
        } else {
            self.current.remove(name);
        }
    }

    /// Names of pending entries that change nothing go; so does an unused disk that is used.
    pub(crate) fn tidy(&mut self) {
        let current = &self.current;
        self.pending
            .retain(|name, value| current.get(name) != Some(value));
        self.deletes.retain(|name, _| current.contains_key(name));
        let used = self.used_volumes();
        self.current
            .retain(|name, value| !is_unused(name) || !used.contains(value));
    }

    /// Volumes in a drive, now or later.
    pub(crate) fn used_volumes(&self) -> BTreeSet<String> {
        let options = self.current.iter().chain(&self.pending);
        options
            .filter_map(|(name, value)| {
                let drive = Drive::parse(name, value)?;
                drive.volume().map(str::to_owned)
            })
            .collect()
    }

    /// Keeps a volume that left its slot as the first free `unusedN`.
    pub(crate) fn add_unused(&mut self, volid: &str) {
        let mut unused = self.current.iter().filter(|(name, _)| is_unused(name));
        if unused.any(|(_, value)| value == volid) {
            return;
        }
        let names = (0..256).map(|number| format!("unused{number}"));
        let free = names
            .into_iter()
            .find(|name| !self.current.contains_key(name));
        if let Some(name) = free {
            self.current.insert(name, volid.to_owned());
        }
    }

    /// Drives of the current configuration, by option name.
    pub(crate) fn drives(&self) -> Vec<Drive> {
        let drives = self.current.iter();
        drives
            .filter_map(|(name, value)| Drive::parse(name, value))
            .collect()
    }

    /// Refuses while a lock is set.
    pub(crate) fn check_lock(&self) -> Reply<()> {
        match self.get("lock") {
            Some(lock) => Err(Refusal::die(format!("VM is locked ({lock})"))),
            None => Ok(()),
        }
    }

    /// Refuses a change that was made on another state of the file.
    pub(crate) fn check_digest(&self, digest: Option<&str>) -> Reply<()> {
        match digest {
            Some(digest) if !digest.is_empty() && digest != self.digest() => Err(Refusal::die(
                "checksum mismatch (file change by other user?)",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses what protection forbids.
    pub(crate) fn check_protection(&self, what: &str) -> Reply<()> {
        match self.flag("protection") {
            true => Err(Refusal::die(format!("{what} - protection mode enabled"))),
            false => Ok(()),
        }
    }

    /// The answer to a read: pending values merged in unless the running state is asked for.
    pub(crate) fn json(&self, running: bool) -> Value {
        let mut options = self.current.clone();
        if !running {
            options.extend(self.pending.clone());
            options.retain(|name, _| !self.deletes.contains_key(name));
        }
        let mut data: Map<String, Value> = options
            .iter()
            .map(|(name, value)| (name.clone(), typed(name, value)))
            .collect();
        data.insert("digest".to_owned(), json!(self.digest()));
        Value::Object(data)
    }

    /// The answer to `pending`: one row per option.
    pub(crate) fn pending_rows(&self) -> Value {
        let names: BTreeSet<&String> = self.current.keys().chain(self.pending.keys()).collect();
        let mut rows: Vec<Value> = names
            .into_iter()
            .map(|name| {
                let mut row = json!({ "key": name });
                if let Some(value) = self.current.get(name) {
                    row["value"] = typed(name, value);
                }
                if let Some(value) = self.pending.get(name) {
                    row["pending"] = typed(name, value);
                }
                if let Some(force) = self.deletes.get(name) {
                    row["delete"] = json!(if *force { 2 } else { 1 });
                }
                row
            })
            .collect();
        rows.push(json!({ "key": "digest", "value": self.digest() }));
        Value::Array(rows)
    }
}

/// What the file holds for a value.
pub(crate) fn stored(name: &str, value: &str) -> Option<String> {
    match (name, value) {
        ("description", "") => None,
        (_, "") => Some(" ".to_owned()),
        (_, value) => Some(value.to_owned()),
    }
}

pub(crate) fn is_unused(name: &str) -> bool {
    name.strip_prefix("unused")
        .is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Integers and flags are JSON numbers, everything else is text; the password is hidden.
fn typed(name: &str, value: &str) -> Value {
    if name == "cipassword" {
        return json!("**********");
    }
    let kind = schema().option(name).map(|property| property.kind);
    match (kind, value.parse::<i64>()) {
        (Some(Kind::Integer | Kind::Boolean), Ok(number)) => json!(number),
        _ => json!(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(options: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        for (name, value) in options {
            config.set(name, value);
        }
        config
    }

    #[test]
    fn a_read_shows_what_will_be() {
        let mut config = config(&[("cores", "2"), ("memory", "128"), ("serial0", "socket")]);
        config.pending.insert("cores".into(), "4".into());
        config.deletes.insert("serial0".into(), false);
        assert_eq!(config.json(false)["cores"], json!(4));
        assert_eq!(config.json(false)["serial0"], Value::Null);
        assert_eq!(config.json(true)["cores"], json!(2));
        assert_eq!(config.json(true)["memory"], json!("128"));
    }

    #[test]
    fn the_running_value_again_is_no_pending_change() {
        let mut config = config(&[("cores", "2")]);
        config.pending.insert("cores".into(), "2".into());
        config.deletes.insert("vga".into(), false);
        config.tidy();
        assert_eq!((config.pending.len(), config.deletes.len()), (0, 0));
    }

    #[test]
    fn a_used_volume_is_not_unused() {
        let mut config = config(&[("scsi0", "local:100/vm-100-disk-0.raw,size=1G")]);
        config.add_unused("local:100/vm-100-disk-0.raw");
        config.add_unused("local:100/vm-100-disk-1.raw");
        config.add_unused("local:100/vm-100-disk-1.raw");
        config.tidy();
        assert_eq!(config.get("unused0"), None);
        assert_eq!(config.get("unused1"), Some("local:100/vm-100-disk-1.raw"));
        assert_eq!(config.get("unused2"), None);
    }

    #[test]
    fn the_digest_follows_every_change() {
        let mut config = config(&[("cores", "2")]);
        let before = config.digest();
        config.pending.insert("cores".into(), "3".into());
        assert_ne!(config.digest(), before);
        assert!(config.check_digest(Some(&before)).is_err());
        assert!(config.check_digest(None).is_ok());
    }

    #[test]
    fn empty_values_are_one_space() {
        let config = config(&[("tags", ""), ("description", "")]);
        assert_eq!(config.get("tags"), Some(" "));
        assert_eq!(config.get("description"), None);
    }
}
