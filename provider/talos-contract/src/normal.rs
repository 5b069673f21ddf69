//! What machines make up, replaced by names: two machines that do the same say the same.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::{Answered, Site};

/// Texts that are a machine's own, and the names that take their places.
#[derive(Debug, Default)]
pub struct Own {
    texts: Vec<(String, String)>,
}

impl Own {
    /// What is known before anybody asks.
    pub fn of(site: &Site) -> Self {
        let mut own = Self::default();
        own.learn(&site.address.to_string(), "<address>");
        own.learn(&site.nobodys.to_string(), "<nobody's address>");
        own.learn(&site.kubernetes, "<kubernetes>");
        own
    }

    /// Takes up a text; the longest are replaced first.
    pub fn learn(&mut self, text: &str, name: &str) {
        let known = self.texts.iter().any(|(known, _)| known == text);
        if text.len() > 2 && !known {
            self.texts.push((text.to_owned(), name.to_owned()));
            self.texts
                .sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        }
    }

    /// Learns from an answer what its machine goes by.
    pub fn learn_from(&mut self, answered: &Answered) {
        let text = |pointer: &str| answered.at(pointer).as_str().map(str::to_owned);
        let spec = text("/resource/spec/yamlSpec").unwrap_or_default();
        let spec: Value = serde_saphyr::from_str(&spec).unwrap_or_default();
        if let Some(id) = spec["nodeId"].as_str() {
            self.learn(id, "<node id>");
        }
        if let Some(name) = spec["hostname"]
            .as_str()
            .filter(|name| *name != "contract-01")
        {
            self.learn(name, "<first name>");
        }
        for member in answered
            .at("/messages/0/members")
            .as_array()
            .into_iter()
            .flatten()
        {
            let id = member["id"].as_str().and_then(|id| id.parse::<u64>().ok());
            if let Some(id) = id {
                self.learn(&id.to_string(), "<member>");
                self.learn(&format!("{id:016x}"), "<member>");
                self.learn(&format!("{id:x}"), "<member>");
            }
        }
    }

    fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // A name may stand in the middle of a key.
        for (pattern, name) in PATTERNS.iter() {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        for (own, name) in &self.texts {
            text = text.replace(own, name);
        }
        text
    }
}

/// Forms of made up texts.
static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let pattern = |text: &str| Regex::new(text).unwrap();
    vec![
        (
            pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
            "<uuid>",
        ),
        (pattern("(?:[0-9a-f]{2}:){5}[0-9a-f]{2}"), "<mac>"),
        // Certificates and keys; the cluster's identity and secret are shorter.
        (pattern("[A-Za-z0-9+/]{64,}=*"), "<base64>"),
        (pattern(r":\d{5}->"), ":<port>->"),
    ]
});

/// Fields whose values are made up, by name.
const MADE_UP: [(&str, &str); 24] = [
    ("created", "<time>"),
    ("updated", "<time>"),
    ("ts", "<time>"),
    ("lastChange", "<time>"),
    ("bootTime", "<time>"),
    ("sha", "<build>"),
    ("built", "<build>"),
    ("goVersion", "<build>"),
    ("actorId", "<actor>"),
    ("memtotal", "<number>"),
    ("memfree", "<number>"),
    ("memavailable", "<number>"),
    ("dbSize", "<number>"),
    ("dbSizeInUse", "<number>"),
    ("raftIndex", "<number>"),
    ("raftAppliedIndex", "<number>"),
    ("raftTerm", "<number>"),
    ("bookmark", "<bookmark>"),
    ("bytes", "<bytes>"),
    // How often a controller wrote: the real ones write more often than anything changes.
    ("version", "<version>"),
    ("hostnameVersion", "<version>"),
    // The same as the YAML, in another form.
    ("protoSpec", ""),
    // Whose controller wrote it; no client asks.
    ("owner", ""),
    ("finalizers", ""),
];

/// An answer without what its machine made up.
pub fn normal(answered: &Answered, own: &Own) -> Answered {
    let mut normal = answered.clone();
    normal.message = own.plain(&answered.message);
    for answer in &mut normal.answers {
        *answer = value(answer, own, "");
    }
    if normal.answers.len() > 1 && normal.method.ends_with("State/List") {
        normal.answers.sort_by_key(ToString::to_string);
    }
    normal
}

fn value(from: &Value, own: &Own, within: &str) -> Value {
    match from {
        Value::Object(members) => object(members, own, within),
        Value::Array(items) if within == "services" => by_id(items, own),
        Value::Array(items) => items.iter().map(|item| value(item, own, within)).collect(),
        Value::String(text) => Value::from(own.plain(text)),
        other => other.clone(),
    }
}

fn object(members: &Map<String, Value>, own: &Own, within: &str) -> Value {
    let mut kept = Map::new();
    for (name, member) in members {
        let told = match made_up(name, member, within) {
            Some("") => continue,
            Some(name) => Value::from(name),
            None if name == "yamlSpec" => spec(member, own),
            None => value(member, own, name),
        };
        let name = if name == "yamlSpec" { "yaml" } else { name };
        kept.insert(own.plain(name), told);
    }
    Value::Object(kept)
}

/// What takes the place of a member; nothing where it stays.
fn made_up(name: &str, member: &Value, within: &str) -> Option<&'static str> {
    let found = MADE_UP.iter().find(|(known, _)| *known == name)?;
    match name {
        // That of a release is said; that of a resource counts writes.
        "version" if within != "metadata" => None,
        _ if member.is_object() || member.is_array() && name != "finalizers" => None,
        _ => Some(found.1),
    }
}

/// The text of a resource, which is YAML: what it says counts, not how it is written.
fn spec(text: &Value, own: &Own) -> Value {
    let text = text.as_str().unwrap_or_default();
    match serde_saphyr::from_str::<Value>(text) {
        Ok(parsed) => value(&parsed, own, "spec"),
        Err(_) => Value::from(own.plain(text)),
    }
}

/// Services by their names, each with the states that it went through since it last started. What
/// it waited for on the way, and what it was started anew for, depends on how fast others were.
fn by_id(items: &[Value], own: &Own) -> Value {
    let services = items.iter().map(|item| {
        let mut service = value(item, own, "service");
        let events = item["events"]["events"].as_array().into_iter().flatten();
        let told: Vec<&Value> = events.map(|event| &event["state"]).collect();
        let start = told.iter().rposition(|state| **state == "Starting");
        let mut told = told[start.unwrap_or(0)..].to_vec();
        told.dedup();
        service["events"] = json!(told);
        (item["id"].as_str().unwrap_or_default().to_owned(), service)
    });
    let services: BTreeMap<String, Value> = services.collect();
    json!(services)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answer: Value) -> Answered {
        Answered {
            name: "n".to_owned(),
            who: "w".to_owned(),
            method: "m".to_owned(),
            code: "Ok".to_owned(),
            message: "dial tcp 10.5.0.11:50000".to_owned(),
            answers: vec![answer],
        }
    }

    #[test]
    fn what_is_made_up_is_named_and_the_rest_stays() {
        let mut own = Own::default();
        own.learn("10.5.0.11", "<address>");
        let told = normal(
            &answered(json!({ "resource": {
                "metadata": { "version": "7", "created": "2026", "id": "local" },
                "spec": { "protoSpec": "AA==", "yamlSpec": "version: v1\nuuid: 0b8a7dc4-7c1c-4c5e-9d3a-0123456789ab\n" },
            } })),
            &own,
        );
        assert_eq!(told.message, "dial tcp <address>:50000");
        assert_eq!(
            told.answers[0],
            json!({ "resource": {
                "metadata": { "version": "<version>", "created": "<time>", "id": "local" },
                "spec": { "yaml": { "version": "v1", "uuid": "<uuid>" } },
            } })
        );
    }
}
