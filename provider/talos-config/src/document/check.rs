use std::collections::HashMap;

use super::config::Document;
use crate::tables::Tables;
use crate::yaml::Value;
use crate::yaml::path::{self, Step, shown};

/// Two documents that cannot both be in one configuration.
pub(super) struct Clash {
    /// Which document is one too many.
    pub at: usize,
    /// What in it clashes; empty for the document as a whole.
    pub path: Vec<Step>,
    /// Names both.
    pub message: String,
}

/// The first clash, if there is one.
pub(super) fn clash(documents: &[Document], tables: &Tables) -> Option<Clash> {
    let mut seen = HashMap::new();
    for (at, document) in documents.iter().enumerate() {
        if seen.insert(document.id(), at).is_some() {
            return Some(Clash {
                at,
                path: Vec::new(),
                message: "this document is there twice".to_owned(),
            });
        }
    }
    claimed_twice(documents, tables).or_else(|| same_name(documents, tables, &seen))
}

/// Documents of some kinds share their names with other kinds.
fn same_name(
    documents: &[Document],
    tables: &Tables,
    seen: &HashMap<String, usize>,
) -> Option<Clash> {
    documents.iter().enumerate().find_map(|(at, document)| {
        let name = document.name().unwrap_or_default();
        let kinds = &tables.kind(document.kind())?.conflicts;
        let mut others = kinds.iter().map(|kind| format!("{kind}/{name}"));
        let other = others.find_map(|id| seen.get(&id).copied())?;
        let (first, second) = (at.min(other), at.max(other));
        Some(Clash {
            at: second,
            path: vec![Step::key("name")],
            message: format!("document {} has the same name", id_of(&documents[first])),
        })
    })
}

/// Some documents have a second name inside, which no other one may have.
fn claimed_twice(documents: &[Document], tables: &Tables) -> Option<Clash> {
    documents.iter().enumerate().find_map(|(at, document)| {
        let kind = tables.kind(document.kind())?;
        let steps = claims(tables, document)?;
        let claim = path::get(document.body(), &steps).and_then(Value::as_str);
        let claim = claim.unwrap_or_default();
        let owner = documents.iter().position(|other| {
            let kin = other.kind() == kind.name || kind.conflicts.iter().any(|k| k == other.kind());
            kin && (other.name() == Some(claim)
                || other.id() != document.id() && has_claim(other, tables, claim))
        })?;
        let message = format!(
            "document {} means '{}' already",
            id_of(&documents[owner]),
            shown(claim)
        );
        Some(Clash {
            at,
            path: steps,
            message,
        })
    })
}

fn id_of(document: &Document) -> String {
    shown(&document.id())
}

/// Where a document of this kind has its second name.
fn claims(tables: &Tables, document: &Document) -> Option<Vec<Step>> {
    let path = &tables.kind(document.kind())?.claims;
    let steps: Vec<Step> = path.iter().map(|key| Step::key(key.as_str())).collect();
    (!steps.is_empty()).then_some(steps)
}

fn has_claim(document: &Document, tables: &Tables, claim: &str) -> bool {
    claims(tables, document).is_some_and(|steps| {
        path::get(document.body(), &steps).and_then(Value::as_str) == Some(claim)
    })
}
