//! Replacing secrets in configurations that people are shown.
//!
//! First by the tables, which know the secret fields; then by value, wherever a known secret
//! stands in other text; then by the look of text that configurations carry along (files,
//! manifests, environment). What comes out does not depend on what the secrets are: of the
//! cluster's own identity, certificates and ids are replaced as well.

mod fields;
mod free;
mod text;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use self::fields::{Secrecy, Walk};
use self::text::{NAME_KEYS, VALUE_KEYS, is_secret_name};
use crate::diff::identity::{By, Identity, scalar_text};
use crate::diff::path::Step;
use crate::document::Config;
use crate::tables::Line;
use crate::yaml::{self, Value};

/// Stands for every secret.
pub const REDACTED: &str = "**REDACTED**";

/// Stands for known secrets while a text is looked at: it is a word in every format, which
/// [`REDACTED`] is not.
const MARK: &str = "\u{e000}";

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
        let mut named = false;
        for step in steps {
            walk = match step {
                Step::Key(key) if named && walk.is_free() && VALUE_KEYS.contains(&key.as_str()) => {
                    walk.key(key).secret()
                }
                Step::Key(key) => walk.key(key),
                Step::Item(_) => walk.item(),
            };
            named = matches!(step, Step::Item(identity) if names_secret(identity));
        }
        self.alone(&walk, value)
    }

    /// A value without those beside it: an argument may be what the one before it names.
    fn alone(&self, walk: &Walk, value: &Value) -> Value {
        let is_argument = walk.secrecy() == Secrecy::Arguments;
        match value {
            Value::Str(text) if is_argument && !text.is_empty() && !text.starts_with('-') => {
                REDACTED.into()
            }
            value => self.outside(walk, value),
        }
    }

    /// A value that is not yet within a free-form part.
    fn outside(&self, walk: &Walk, value: &Value) -> Value {
        if walk.is_free() {
            return self.below(walk, &free::hide(value), true);
        }
        self.below(walk, value, false)
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
                    let value = self.alone(&place, &identity.value.as_str().into());
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
        self.without_known(text, REDACTED)
    }

    /// Text of another format without its secrets.
    fn content(&self, text: &str) -> String {
        let text = self.without_known(text, MARK);
        text::redact_content(&text).replace(MARK, REDACTED)
    }

    fn without_known(&self, text: &str, with: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), with)
            } else {
                text
            }
        })
    }

    /// `free`: within a free-form part whose structure has been looked at.
    fn below(&self, walk: &Walk, value: &Value, free: bool) -> Value {
        let next = |walk: &Walk, value: &Value| match free {
            true => self.below(walk, value, true),
            false => self.outside(walk, value),
        };
        match value {
            Value::Map(map) => Value::Map(
                map.iter()
                    .map(|(key, value)| (self.text(key), next(&walk.key(key), value)))
                    .collect(),
            ),
            Value::List(items) => {
                Value::List(items.iter().map(|item| next(&walk.item(), item)).collect())
            }
            value => self.scalar(walk, value),
        }
    }

    fn scalar(&self, walk: &Walk, value: &Value) -> Value {
        match (value, walk.secrecy()) {
            (Value::Null, _) => Value::Null,
            (Value::Str(text), _) if text.is_empty() => value.clone(),
            (_, Secrecy::Secret) => REDACTED.into(),
            (Value::Str(text), secrecy) => self.string(secrecy, text, walk.is_free()).into(),
            (Value::Int(_) | Value::Float(_) | Value::Plain(_), Secrecy::Named) => REDACTED.into(),
            _ => value.clone(),
        }
    }

    fn string(&self, secrecy: Secrecy, text: &str, free: bool) -> String {
        match secrecy {
            Secrecy::Carrier => self.content(text),
            Secrecy::Variable | Secrecy::Environment => text::redact_variable(&self.text(text)),
            Secrecy::Named if text::is_switch(text) => text.to_owned(),
            Secrecy::Named | Secrecy::Secret => REDACTED.to_owned(),
            Secrecy::Open | Secrecy::Arguments if free => self.content(text),
            Secrecy::Open | Secrecy::Arguments => text::redact_address(&self.text(text)),
        }
    }
}

/// `name: DB_PASSWORD` identifies the item.
fn names_secret(identity: &Identity) -> bool {
    let is_name = |key: &str| NAME_KEYS.contains(&key);
    matches!(&identity.by, By::Field(key) if is_name(key)) && is_secret_name(&identity.value)
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
