//! Replacing secrets in configurations that people are shown.
//!
//! First by the tables, which know the secret fields; then by value, wherever a known secret
//! stands in other text; then by the look of text that configurations carry along (files,
//! manifests, environment). What comes out does not depend on what the secrets are: of the
//! cluster's own identity, certificates and ids are replaced as well.

mod fields;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use self::fields::{Secrecy, Walk};
use crate::diff::identity::{By, Identity, scalar_text};
use crate::diff::path::Step;
use crate::document::Config;
use crate::tables::Line;
use crate::yaml::{self, Map, Value};

/// Stands for every secret.
pub const REDACTED: &str = "**REDACTED**";

/// Shorter values are too likely to stand in other text by chance.
const SHORTEST_KNOWN: usize = 8;

/// Knows the secrets of some configurations.
pub(crate) struct Redactor {
    line: Line,
    /// Longest first, so that no part of a longer one is left over.
    known: Vec<String>,
}

impl Config {
    /// The text with every secret replaced by [`REDACTED`].
    pub fn redact(&self) -> String {
        let documents: Vec<String> = self.redacted_documents().map(|(_, text)| text).collect();
        documents.join("---\n")
    }

    /// `Kind` or `Kind/name` to its text with every secret replaced by [`REDACTED`].
    pub fn redact_documents(&self) -> BTreeMap<String, String> {
        self.redacted_documents().collect()
    }

    fn redacted_documents(&self) -> impl Iterator<Item = (String, String)> {
        let redactor = Redactor::new([self]);
        self.documents().iter().map(move |document| {
            let id = document.id();
            let body = Value::Map(document.body().clone());
            let text = yaml::emit_as(&redactor.value(&id, &[], &body), redactor.line.dialect());
            (id, text)
        })
    }
}

impl Redactor {
    /// Collects the secrets of `configs`.
    pub(crate) fn new<'a>(configs: impl IntoIterator<Item = &'a Config>) -> Self {
        let mut known = BTreeSet::new();
        let mut line = Line::NEWEST;
        for config in configs {
            line = config.line();
            for document in config.documents() {
                let body = Value::Map(document.body().clone());
                collect(&Walk::document(line, document.kind()), &body, &mut known);
            }
        }
        let mut known: Vec<String> = known.into_iter().collect();
        known.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { line, known }
    }

    /// The line whose tables are used.
    pub(crate) fn line(&self) -> Line {
        self.line
    }

    /// The value at `steps` of a document with its secrets replaced.
    pub(crate) fn value(&self, document: &str, steps: &[Step], value: &Value) -> Value {
        let kind = document.split('/').next().unwrap_or_default();
        let mut walk = Walk::document(self.line, kind);
        for step in steps {
            walk = match step {
                Step::Key(key) => walk.key(key),
                Step::Item(_) => walk.item(),
            };
        }
        self.below(&walk, value)
    }

    /// The steps with what identifies list items redacted like any value.
    pub(crate) fn steps(&self, document: &str, steps: &[Step]) -> Vec<Step> {
        let kind = document.split('/').next().unwrap_or_default();
        let mut walk = Walk::document(self.line, kind);
        let mut out = Vec::with_capacity(steps.len());
        for step in steps {
            match step {
                Step::Key(key) => {
                    walk = walk.key(key);
                    out.push(Step::Key(self.text(key)));
                }
                Step::Item(identity) => {
                    walk = walk.item();
                    let place = match &identity.by {
                        By::Field(field) => walk.key(field),
                        _ => walk.clone(),
                    };
                    let value = self.below(&place, &identity.value.as_str().into());
                    let value = scalar_text(&value);
                    out.push(Step::Item(Identity {
                        value,
                        ..identity.clone()
                    }));
                }
            }
        }
        out
    }

    /// Text with known secrets replaced.
    fn text(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), REDACTED)
            } else {
                text
            }
        })
    }

    fn below(&self, walk: &Walk, value: &Value) -> Value {
        match value {
            Value::Map(map) => Value::Map(self.map(walk, map)),
            Value::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.below(&walk.item(), item))
                    .collect(),
            ),
            Value::Str(text) if text.is_empty() => value.clone(),
            value if walk.secrecy() == Secrecy::Secret => match value {
                Value::Null => Value::Null,
                _ => REDACTED.into(),
            },
            Value::Str(text) => {
                let text = self.text(text);
                match walk.secrecy() {
                    Secrecy::Carrier => text::redact_content(&text),
                    Secrecy::Variable | Secrecy::Environment => text::redact_variable(&text),
                    Secrecy::Named if text::is_switch(&text) => text,
                    Secrecy::Named => REDACTED.to_owned(),
                    Secrecy::Open | Secrecy::Secret => text::redact_address(&text),
                }
                .into()
            }
            other => other.clone(),
        }
    }

    fn map(&self, walk: &Walk, map: &Map) -> Map {
        map.iter()
            .map(|(key, value)| (self.text(key), self.below(&walk.key(key), value)))
            .collect()
    }
}

/// Every secret text below `value`.
fn collect(walk: &Walk, value: &Value, known: &mut BTreeSet<String>) {
    match value {
        Value::Map(map) => {
            map.iter()
                .for_each(|(key, value)| collect(&walk.key(key), value, known));
        }
        Value::List(items) => {
            items
                .iter()
                .for_each(|item| collect(&walk.item(), item, known));
        }
        Value::Str(text)
            if matches!(walk.secrecy(), Secrecy::Secret | Secrecy::Named)
                && text.len() >= SHORTEST_KNOWN =>
        {
            known.insert(text.clone());
        }
        _ => {}
    }
}
