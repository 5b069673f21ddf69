//! Where the secrets of a tree are that no table describes: a manifest, a free-form part.

use std::collections::HashSet;
use std::ops::Range;

use super::text::{NAME_KEYS, VALUE_KEYS, is_secret_flag, is_secret_name, is_switch};
use crate::yaml::{Spanned, SpannedKind};

/// Where a value stands.
pub(super) type Place = Range<usize>;

/// Keys of references to an object that holds a secret, which tell nothing of it.
const REFERENCE: [&str; 13] = [
    "name",
    "secretName",
    "namespace",
    "key",
    "kind",
    "group",
    "apiVersion",
    "optional",
    "defaultMode",
    "items",
    "path",
    "audience",
    "expirationSeconds",
];

/// Whether objects of a kind are Kubernetes secrets.
pub(super) fn is_secret_kind(kind: &str) -> bool {
    matches!(kind.trim(), "Secret" | "SecretList")
}

/// The places of all secrets; some may be within others.
pub(super) fn secret_places(tree: &Spanned) -> HashSet<Place> {
    let mut finder = Finder::default();
    finder.value(tree, false);
    finder.anchored(tree);
    finder.places
}

#[derive(Default)]
struct Finder {
    places: HashSet<Place>,
    /// Anchors of what is a secret somewhere.
    anchors: HashSet<String>,
}

impl Finder {
    /// `in_secret` is a Kubernetes secret, or a list of them.
    fn value(&mut self, value: &Spanned, in_secret: bool) {
        match &value.kind {
            SpannedKind::Map(entries) => self.map(entries, in_secret),
            SpannedKind::List(items) => self.list(items, in_secret),
            _ => {}
        }
    }

    fn map(&mut self, entries: &[(Spanned, Spanned)], in_secret: bool) {
        let in_secret = in_secret || entries.iter().any(says_secret);
        let is_named = entries.iter().any(names_secret);
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            let data = in_secret && matches!(name, "data" | "stringData");
            let named = is_named && VALUE_KEYS.contains(&name);
            if data || named || is_secret_name(name) && !is_reference(value) {
                self.hide(value);
            } else {
                self.value(key, false);
                self.value(value, in_secret && name == "items");
            }
        }
    }

    fn list(&mut self, items: &[Spanned], in_secret: bool) {
        let mut flagged = false;
        for item in items {
            match item.text() {
                Some(_) if flagged => self.hide(item),
                None => self.value(item, in_secret),
                _ => {}
            }
            flagged = !flagged && item.text().is_some_and(is_secret_flag);
        }
    }

    fn hide(&mut self, value: &Spanned) {
        self.aliases(value);
        let is_open = |text: &str| is_switch(text) || matches!(text, "" | "null" | "~");
        let is_empty = match &value.kind {
            SpannedKind::Scalar { text, .. } => is_open(text),
            SpannedKind::List(items) => items.is_empty(),
            SpannedKind::Map(entries) => entries.is_empty(),
            SpannedKind::Alias(_) => true,
        };
        if !is_empty {
            self.places.insert(value.at.clone());
        }
    }

    /// What a secret refers to is one as well.
    fn aliases(&mut self, value: &Spanned) {
        match &value.kind {
            SpannedKind::Alias(name) => {
                self.anchors.insert(name.clone());
            }
            SpannedKind::List(items) => items.iter().for_each(|item| self.aliases(item)),
            SpannedKind::Map(entries) => entries.iter().for_each(|(_, value)| self.aliases(value)),
            SpannedKind::Scalar { .. } => {}
        }
    }

    fn anchored(&mut self, value: &Spanned) {
        if self.anchors.is_empty() {
            return;
        }
        if value
            .anchor
            .as_ref()
            .is_some_and(|name| self.anchors.contains(name))
        {
            self.places.insert(value.at.clone());
            return;
        }
        match &value.kind {
            SpannedKind::List(items) => items.iter().for_each(|item| self.anchored(item)),
            SpannedKind::Map(entries) => entries.iter().for_each(|(_, value)| self.anchored(value)),
            _ => {}
        }
    }
}

/// Whether a key of a mapping below a name that says secret is part of a reference.
pub(super) fn is_reference_key(key: &str) -> bool {
    REFERENCE.contains(&key)
}

/// `kind: Secret`; an alias may be that.
fn says_secret((key, value): &(Spanned, Spanned)) -> bool {
    let is_kind = key.text() == Some("kind");
    is_kind
        && value
            .text()
            .map_or(matches!(value.kind, SpannedKind::Alias(_)), is_secret_kind)
}

/// `name: DB_PASSWORD`.
fn names_secret((key, value): &(Spanned, Spanned)) -> bool {
    let is_name = key.text().is_some_and(|key| NAME_KEYS.contains(&key));
    is_name && value.text().is_some_and(is_secret_name)
}

/// A mapping that only says in which object the secret is, or a list of them.
fn is_reference(value: &Spanned) -> bool {
    match &value.kind {
        SpannedKind::Map(entries) => {
            let has = |names: &[&str]| {
                let is_one = |key: &Spanned| key.text().is_some_and(|key| names.contains(&key));
                entries.iter().filter(|(key, _)| is_one(key)).count()
            };
            has(&["name", "secretName", "path"]) > 0 && has(&REFERENCE) == entries.len()
        }
        SpannedKind::List(items) => !items.is_empty() && items.iter().all(is_reference),
        _ => false,
    }
}
