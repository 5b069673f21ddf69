//! What makes a list item the same item in two lists.

use serde::{Deserialize, Serialize};

use super::path::Step;
use crate::yaml::{self, Value};

/// By which of its parts an item is recognised.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum By {
    /// Kind and name of a document.
    Document,
    /// The value of this key.
    Field(String),
    /// The name in `NAME=value`.
    Variable,
    /// Everything: scalars, and mappings without an identifying key.
    Whole,
}

/// An item of a list, by what it is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) by: By,
    pub(crate) value: String,
    /// Counts items of the same identity, from 0.
    pub(crate) nth: usize,
    /// Where it stood, for people only.
    pub(crate) position: usize,
}

impl Identity {
    /// The same item, wherever it stands.
    pub(crate) fn anywhere(&self) -> Self {
        Self {
            position: 0,
            ..self.clone()
        }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.nth == other.nth && self.value == other.value && self.by == other.by
    }
}

impl Eq for Identity {}

/// What kind of list it is, which decides how its items are recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListKind {
    Documents,
    Variables,
    Items,
}

/// Keys that identify an item, the strongest first: those by which Talos merges, then those that
/// it or Kubernetes demands to be unique.
const KEYS: [&str; 22] = [
    "interface",
    "deviceSelector",
    "vlanId",
    "name",
    "mountPath",
    "path",
    "destination",
    "device",
    "mountpoint",
    "slot",
    "publicKey",
    "subnet",
    "address",
    "url",
    "ip",
    "hostPort",
    "network",
    "key",
    "endpoint",
    "image",
    "hostPath",
    "containerID",
];

impl ListKind {
    /// The kind of the list at `path`; the root is the list of documents.
    pub(crate) fn at(path: &[Step]) -> Self {
        match path.last() {
            None => Self::Documents,
            Some(Step::Key(key)) if key == "environment" => Self::Variables,
            Some(_) => Self::Items,
        }
    }

    fn of_item(self, item: &Value) -> (By, String) {
        match (self, item) {
            (Self::Documents, _) => (By::Document, document_id(item)),
            (Self::Variables, Value::Str(text)) => match text.split_once('=') {
                Some((name, _)) => (By::Variable, name.to_owned()),
                None => (By::Whole, text.clone()),
            },
            (_, Value::Map(map)) => {
                let key = KEYS.into_iter().find_map(|key| Some((key, map.get(key)?)));
                key.map_or_else(
                    || (By::Whole, yaml::emit(item)),
                    |(key, value)| (By::Field(key.to_owned()), scalar_text(value)),
                )
            }
            _ => (By::Whole, scalar_text(item)),
        }
    }

    /// Identities of all items, in order.
    pub(crate) fn identities(self, items: &[Value]) -> Vec<Identity> {
        let mut out: Vec<Identity> = Vec::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            let (by, value) = self.of_item(item);
            let nth = out
                .iter()
                .filter(|other| other.by == by && other.value == value)
                .count();
            out.push(Identity {
                by,
                value,
                nth,
                position,
            });
        }
        out
    }

    /// Where the item of that identity is.
    pub(crate) fn position(self, items: &[Value], identity: &Identity) -> Option<usize> {
        let is_same = |item: &Value| {
            let (by, value) = self.of_item(item);
            by == identity.by && value == identity.value
        };
        let mut same = items.iter().enumerate().filter(|(_, item)| is_same(item));
        same.nth(identity.nth).map(|(position, _)| position)
    }
}

/// Whether `key` says which item of its list, or which document, a mapping is.
pub(crate) fn is_identity_key(step: Option<&Step>, key: &str) -> bool {
    let Some(Step::Item(identity)) = step else {
        return false;
    };
    match &identity.by {
        By::Document => {
            matches!(key, "apiVersion" | "kind" | "name")
                || (identity.value == "v1alpha1" && key == "version")
        }
        By::Field(field) => field == key,
        By::Variable | By::Whole => false,
    }
}

/// `v1alpha1`, `Kind` or `Kind/name`.
pub(crate) fn document_id(document: &Value) -> String {
    let text = |key| document.get(key).and_then(Value::as_str);
    match (text("kind"), text("name")) {
        (None, _) => "v1alpha1".to_owned(),
        (Some(kind), None) => kind.to_owned(),
        (Some(kind), Some(name)) => format!("{kind}/{name}"),
    }
}

/// A scalar as people write it; YAML for anything else.
pub(crate) fn scalar_text(value: &Value) -> String {
    match value {
        Value::Str(text) | Value::Plain(text) => text.clone(),
        other => yaml::emit(other).trim_end().to_owned(),
    }
}
