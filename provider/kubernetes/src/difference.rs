//! What differs between two objects, by path. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What the server sets; nobody asked for it.
const SERVERS: [&str; 7] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
];
/// What is said in place of a secret.
const HIDDEN: &str = "(secret)";
/// What is said in place of a variable's value: it may be one.
const VALUE: &str = "(value)";
/// Longest value that is shown.
const LONGEST: usize = 120;

/// Where in an object a value is, as far as it matters to who may see it.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Anywhere,
    /// The environment of a container.
    Environment,
    /// A variable of it.
    Variable,
    /// What the variable is set to.
    Value,
}

impl At {
    fn member(self, name: &str) -> Self {
        match (self, name) {
            (Self::Anywhere, "env") => Self::Environment,
            (Self::Variable, "value") => Self::Value,
            _ => Self::Anywhere,
        }
    }

    fn item(self) -> Self {
        match self {
            Self::Environment => Self::Variable,
            _ => Self::Anywhere,
        }
    }

    /// A value without what nobody may see.
    fn shown(self, value: &Value) -> Value {
        match value {
            Value::Null => Value::Null,
            _ if self == Self::Value => VALUE.into(),
            Value::Object(members) => {
                let members = members.iter();
                let shown =
                    members.map(|(name, value)| (name.clone(), self.member(name).shown(value)));
                Value::Object(shown.collect())
            }
            Value::Array(items) => items.iter().map(|item| self.item().shown(item)).collect(),
            other => other.clone(),
        }
    }
}

/// Path and `old -> new` of each leaf that differs, status and what the server sets aside. Values of a Secret are hidden, and those of
/// environment variables.
pub fn difference(old: &Value, new: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let hide = old["kind"] == "Secret" || new["kind"] == "Secret";
    let (old, new) = (asked_for(old), asked_for(new));
    walk("", At::Anywhere, &old, &new, &mut |path, at, old, new| {
        let hidden = hide && (path.starts_with("data") || path.starts_with("stringData"));
        let (old, new) = match at {
            _ if hidden => (shown_if(old), shown_if(new)),
            At::Value if !old.is_null() && !new.is_null() => {
                (VALUE.to_owned(), "(another value)".to_owned())
            }
            at => (shown(&at.shown(old)), shown(&at.shown(new))),
        };
        found.insert(path.to_owned(), format!("{old} -> {new}"));
    });
    found
}

/// The object without what the server sets.
pub fn asked_for(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for name in SERVERS {
            metadata.remove(name);
        }
    }
    object
}

fn walk(
    path: &str,
    at: At,
    old: &Value,
    new: &Value,
    tell: &mut impl FnMut(&str, At, &Value, &Value),
) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                let member = |members: &serde_json::Map<String, Value>| {
                    members.get(name).cloned().unwrap_or(Value::Null)
                };
                walk(
                    &joined(path, name),
                    at.member(name),
                    &member(left),
                    &member(right),
                    tell,
                );
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            let (left, right) = (keyed(left), keyed(right));
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                let item = |items: &BTreeMap<String, Value>| {
                    items.get(name).cloned().unwrap_or(Value::Null)
                };
                walk(
                    &format!("{path}[{name}]"),
                    at.item(),
                    &item(&left),
                    &item(&right),
                    tell,
                );
            }
        }
        _ => tell(path, at, old, new),
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else if name.contains(['.', '/']) {
        format!("{path}[{name}]")
    } else {
        format!("{path}.{name}")
    }
}

/// Items by their name where each has one of its own, by place otherwise.
fn keyed(items: &[Value]) -> BTreeMap<String, Value> {
    let names: Vec<&str> = items
        .iter()
        .filter_map(|item| item["name"].as_str())
        .collect();
    let distinct: BTreeSet<&&str> = names.iter().collect();
    if names.len() == items.len() && distinct.len() == items.len() {
        return names
            .into_iter()
            .map(str::to_owned)
            .zip(items.iter().cloned())
            .collect();
    }
    items
        .iter()
        .enumerate()
        .map(|(index, item)| (format!("{index:03}"), item.clone()))
        .collect()
}

fn shown_if(value: &Value) -> String {
    if value.is_null() {
        "(absent)".to_owned()
    } else {
        HIDDEN.to_owned()
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "(absent)".to_owned(),
        Value::String(text) => text.replace('\n', "\\n"),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leaves_are_told_by_path_and_names_of_list_items() {
        let with = |image: &str, env: Value| {
            json!({"kind": "Deployment", "metadata": {"resourceVersion": image}, "status": {"a": image},
            "spec": {"replicas": 1, "containers": [{"name": "manager", "image": image, "env": env}]}})
        };
        let old = with("a:1", json!([{"name": "X", "value": "1"}]));
        let new = with(
            "a:2",
            json!([{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]),
        );
        let found = difference(&old, &new);
        assert_eq!(found["spec.containers[manager].image"], "a:1 -> a:2");
        assert_eq!(
            found["spec.containers[manager].env[Y]"],
            "(absent) -> {\"name\":\"Y\",\"value\":\"(value)\"}"
        );
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn values_of_variables_are_hidden_and_where_they_come_from_is_not() {
        let with =
            |containers: Value| json!({"kind": "Deployment", "spec": {"containers": containers}});
        let container = |env: Value| json!([{"name": "manager", "env": env}]);
        let from = json!({"secretKeyRef": {"name": "s", "key": "k"}});
        let plain = |value: &str| with(container(json!([{"name": "TOKEN", "value": value}])));
        let of = |old: &Value, new: &Value| {
            let found = difference(old, new);
            assert!(!format!("{found:?}").contains("planted"), "{found:?}");
            found
        };
        let changed = of(&plain("planted-1"), &plain("planted-2"));
        let at = "spec.containers[manager].env[TOKEN]";
        assert_eq!(
            changed[&format!("{at}.value")],
            "(value) -> (another value)"
        );
        let moved = of(
            &plain("planted"),
            &with(container(json!([{"name": "TOKEN", "valueFrom": from}]))),
        );
        assert_eq!(moved[&format!("{at}.value")], "(value) -> (absent)");
        assert!(moved[&format!("{at}.valueFrom")].contains("secretKeyRef"));
        // Whatever is added or taken away at once.
        for less in [
            json!({"kind": "Deployment"}),
            with(json!([])),
            with(json!([{"name": "manager"}])),
        ] {
            assert_eq!(of(&less, &plain("planted")).len(), 1);
            assert_eq!(of(&plain("planted"), &less).len(), 1);
        }
        // Names that are there twice.
        let twice = json!([{"name": "A", "value": "planted"}, {"name": "A", "value": "planted-2"}]);
        assert_eq!(of(&with(container(twice)), &plain("planted-3")).len(), 3);
    }

    #[test]
    fn values_of_secrets_are_hidden() {
        let secret = |value: &str| json!({"kind": "Secret", "metadata": {"name": "a"}, "data": {"k": value}});
        assert_eq!(
            difference(&secret("b25l"), &secret("dHdv"))["data.k"],
            "(secret) -> (secret)"
        );
        assert!(difference(&secret("b25l"), &secret("b25l")).is_empty());
    }
}
