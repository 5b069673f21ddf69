//! Which objects a patch is for. Facts: Kustomize, `patches` (target), and Kubernetes documentation, "Labels and Selectors".

use std::collections::BTreeMap;

use kube::core::{Expression, SelectorExt as _};
use regex::Regex;
use serde_json::Value;

use super::{Fault, Selection};
use crate::object::Id;

/// A selection that was read.
#[derive(Debug)]
pub struct Target {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Expression>,
    annotations: Vec<Expression>,
}

impl Target {
    /// Reads a selection.
    pub fn new(selection: &Selection) -> Result<Self, Fault> {
        if *selection == Selection::default() {
            let cure = "Name what the patch is for, such as `kind = \"Deployment\"`.";
            return Err(Fault::new("has a target that names nothing", cure));
        }
        let expressions = |name: &str, text: &Option<String>| {
            selector(text.as_deref().unwrap_or_default()).ok_or_else(|| {
                let seen = format!("has a target.{name} that is no selector");
                let cure = "Write it as kubectl takes it: `a=b,c!=d,e in (f,g),h,!i`.";
                Fault::new(seen, cure)
            })
        };
        Ok(Self {
            group: whole("group", &selection.group)?,
            version: whole("version", &selection.version)?,
            kind: whole("kind", &selection.kind)?,
            name: whole("name", &selection.name)?,
            namespace: whole("namespace", &selection.namespace)?,
            labels: expressions("label_selector", &selection.label_selector)?,
            annotations: expressions("annotation_selector", &selection.annotation_selector)?,
        })
    }

    /// Whether an object is meant.
    pub fn matches(&self, object: &Value) -> bool {
        let Ok(id) = Id::of(object) else {
            return false;
        };
        let version = id.api_version.rsplit('/').next().unwrap_or_default();
        let all = [
            (&self.group, id.group()),
            (&self.version, version),
            (&self.kind, &id.kind),
            (&self.name, &id.name),
            (&self.namespace, &id.namespace),
        ];
        let named = all.into_iter().all(|(pattern, text)| {
            let pattern = pattern.as_ref();
            pattern.is_none_or(|pattern| pattern.is_match(text))
        });
        let metadata = &object["metadata"];
        let fits = |expressions: &[Expression], map: &Value| {
            let map = texts(map);
            expressions
                .iter()
                .all(|expression| expression.matches(&map))
        };
        named
            && fits(&self.labels, &metadata["labels"])
            && fits(&self.annotations, &metadata["annotations"])
    }
}

/// A regular expression that the whole text must match.
fn whole(name: &str, text: &Option<String>) -> Result<Option<Regex>, Fault> {
    let pattern = text.as_ref().filter(|text| !text.is_empty());
    let read = pattern.map(|text| Regex::new(&format!("^(?:{text})$")));
    read.transpose().map_err(|_| {
        let seen = format!("has a target.{name} that is no regular expression");
        Fault::new(seen, "Write a name, or a pattern such as `flux-.*`.")
    })
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let members = map.as_object().into_iter().flatten();
    let texts =
        members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    texts.collect()
}

/// The expressions of a selector; `None` where it is none.
fn selector(text: &str) -> Option<Vec<Expression>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    parts(text).into_iter().map(expression).collect()
}

/// Parts between the commas that no parenthesis holds.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_end = |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    text.split(is_end).collect()
}

fn expression(part: &str) -> Option<Expression> {
    let part = part.trim();
    if let Some((left, list)) = part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        let mut words = left.split_whitespace();
        let (key, word) = (key(words.next()?)?, words.next()?);
        let values = list.split(',').map(value).collect::<Option<_>>()?;
        return match (word, words.next()) {
            ("in", None) => Some(Expression::In(key, values)),
            ("notin", None) => Some(Expression::NotIn(key, values)),
            _ => None,
        };
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Expression::NotEqual(self::key(key)?, self::value(value)?));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Expression::Equal(self::key(key)?, self::value(value)?));
    }
    match part.strip_prefix('!') {
        Some(key) => Some(Expression::DoesNotExist(self::key(key)?)),
        None => Some(Expression::Exists(key(part)?)),
    }
}

/// A label's name: `prefix/name` or `name`.
fn key(text: &str) -> Option<String> {
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    (!text.is_empty() && text.chars().all(is_name)).then(|| text.to_owned())
}

fn value(text: &str) -> Option<String> {
    let text = text.trim();
    let is_value = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars().all(is_value).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(selection: Selection) -> bool {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "flux-operator", "namespace": "flux-system",
            "labels": {"app.kubernetes.io/name": "flux-operator", "tier": "a"}, "annotations": {"x": "y"}}});
        Target::new(&selection).unwrap().matches(&object)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn names_are_patterns_that_match_as_a_whole() {
        let kind = |kind: &str| Selection {
            kind: some(kind),
            ..Selection::default()
        };
        assert!(found(kind("Deployment")) && found(kind("Deploy.*|Service")));
        assert!(!found(kind("Deploy")) && !found(kind("Service")));
        let full = Selection {
            group: some("apps"),
            version: some("v1"),
            name: some("flux-.*"),
            namespace: some("flux-system"),
            ..Selection::default()
        };
        assert!(found(full.clone()));
        assert!(!found(Selection {
            namespace: some("other"),
            ..full.clone()
        }));
        assert!(!found(Selection {
            group: some("batch"),
            ..full
        }));
    }

    #[test]
    fn selectors_are_those_of_kubernetes() {
        let labels = |text: &str| {
            found(Selection {
                label_selector: some(text),
                ..Selection::default()
            })
        };
        for yes in [
            "tier=a",
            "tier == a",
            "app.kubernetes.io/name=flux-operator,tier!=b",
            "tier in (a, b)",
            "tier notin (b,c)",
            "tier",
            "!other",
        ] {
            assert!(labels(yes), "{yes}");
        }
        for no in [
            "tier=b",
            "tier!=a",
            "tier in (b)",
            "!tier",
            "other",
            "tier notin (a)",
        ] {
            assert!(!labels(no), "{no}");
        }
        assert!(found(Selection {
            annotation_selector: some("x=y"),
            ..Selection::default()
        }));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_attribute() {
        let told = |selection: Selection| Target::new(&selection).unwrap_err().to_string();
        assert!(told(Selection::default()).contains("target that names nothing"));
        for text in ["a b", "a in b", "a in (b", "=", "a=b=c", "a>1"] {
            let selection = Selection {
                label_selector: some(text),
                ..Selection::default()
            };
            assert!(told(selection).contains("target.label_selector"), "{text}");
        }
        let selection = Selection {
            name: some("("),
            ..Selection::default()
        };
        assert!(told(selection).contains("target.name"));
    }
}
