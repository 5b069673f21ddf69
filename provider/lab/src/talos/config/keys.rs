//! Documents and keys that Talos does not know. The words are those of the decoder in
//! `pkg/machinery/config/configloader`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Config;
use crate::talos::yaml;

/// Keys by document and type; the file says where they are from.
struct Table {
    documents: BTreeMap<&'static str, &'static str>,
    types: BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table {
        documents: BTreeMap::new(),
        types: BTreeMap::new(),
    };
    let lines = include_str!("keys.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (Some(first), Some(second), Some(third)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        match first {
            "document" => drop(table.documents.insert(second, third)),
            of => drop(table.types.entry(of).or_default().insert(second, third)),
        }
    }
    table
});

/// Keys of `v1alpha1` by which its document is known.
const MAIN: [&str; 4] = ["machine", "cluster", "debug", "persist"];

/// The first document that Talos cannot decode, in its words.
pub(super) fn unknown(config: &Config) -> Option<String> {
    let starts = starts(&config.text);
    let problems = config.documents().iter().enumerate();
    let mut problems = problems.filter_map(|(index, document)| {
        let line = starts.get(index).copied().unwrap_or(1);
        if !document.is_object() {
            return Some(format!("expected a YAML document at line {line}"));
        }
        let problem = problem(document)?;
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let kind = document["kind"].as_str().unwrap_or("v1alpha1");
        let (version, name) = (text("apiVersion"), text("name"));
        Some(format!(
            "error decoding document {version}/{kind}/{name} (line {line}): {problem}"
        ))
    });
    problems.next()
}

/// Lines on which documents begin.
fn starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut fresh = true;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("---") {
            fresh = true;
        } else if fresh && !line.trim().is_empty() && !line.starts_with('#') {
            starts.push(index + 1);
            fresh = false;
        }
    }
    starts
}

fn problem(document: &Value) -> Option<String> {
    let kind = document["kind"].as_str();
    let version = document["apiVersion"].as_str();
    let name = match (kind, version) {
        (None, _) if MAIN.iter().any(|key| document.get(key).is_some()) => "-",
        (None, Some("v1alpha1")) => "-",
        (None, _) => return Some("missing kind".to_owned()),
        (Some(_), None) => return Some("missing apiVersion".to_owned()),
        (Some(kind), Some(_)) => kind,
    };
    let known = TABLE.documents.get(name);
    let Some(known) = known.filter(|_| version.is_none_or(|version| version == "v1alpha1")) else {
        let version = version.unwrap_or_default();
        return Some(format!("\"{name}\" \"{version}\": not registered"));
    };
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        members.remove("apiVersion");
        members.remove("kind");
    }
    let extra = extra(&document, known)?;
    Some(format!(
        "unknown keys found during decoding:\n{}",
        yaml::emit(&extra)
    ))
}

/// What of a value its type does not have.
fn extra(value: &Value, of: &str) -> Option<Value> {
    let of = of.trim_start_matches("[]");
    if let (Some(inner), Value::Object(members)) = (of.strip_prefix("{}"), value) {
        return gathered(members, |_| Some(inner));
    }
    let keys = TABLE.types.get(of)?;
    match value {
        Value::Array(items) => {
            let found: Vec<Value> = items.iter().filter_map(|item| extra(item, of)).collect();
            (!found.is_empty()).then_some(Value::Array(found))
        }
        Value::Object(members) => gathered(members, |key| keys.get(key).copied()),
        _ => None,
    }
}

fn gathered<'t>(
    members: &Map<String, Value>,
    kind: impl Fn(&str) -> Option<&'t str>,
) -> Option<Value> {
    let found = members.iter().filter_map(|(key, value)| match kind(key) {
        None => Some((key.clone(), value.clone())),
        Some(of) => Some((key.clone(), extra(value, of)?)),
    });
    let found: Map<String, Value> = found.collect();
    (!found.is_empty()).then_some(Value::Object(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        unknown(&Config::parse(text).unwrap())
    }

    #[test]
    fn unknown_keys_are_told_with_where_they_stand() {
        let text = "machine:\n  type: worker\n  kubelet: { imag: x }\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostnam: a\n";
        assert_eq!(
            told(text).unwrap(),
            "error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\nmachine:\n    kubelet:\n        imag: x\n"
        );
        let text = text.replace("imag:", "image:");
        assert_eq!(
            told(&text).unwrap(),
            "error decoding document v1alpha1/HostnameConfig/ (line 5): unknown keys found during decoding:\nhostnam: a\n"
        );
    }

    #[test]
    fn unknown_kinds_are_told() {
        assert_eq!(
            told("apiVersion: v1alpha1\nkind: Nope\n").unwrap(),
            "error decoding document v1alpha1/Nope/ (line 1): \"Nope\" \"v1alpha1\": not registered"
        );
    }

    #[test]
    fn free_parts_are_free() {
        let text = "machine:\n  sysctls: { any: thing }\n  ca: { crt: a, key: b }\n  acceptedCAs: [{ crt: a }]\n  kubelet: { extraConfig: { a: { b: c } } }\ncluster: { network: { podSubnets: [a] } }\n";
        assert_eq!(told(text), None);
    }
}
