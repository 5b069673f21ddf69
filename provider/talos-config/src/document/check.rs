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
    /// Names the other one.
    pub message: String,
}

/// The first clash, if there is one. `lines` say where each document was written; 0 or nothing for
/// those that have been there before.
pub(super) fn clash(documents: &[Document], lines: &[usize], tables: &Tables) -> Option<Clash> {
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
    claimed_twice(documents, lines, tables).or_else(|| same_name(documents, lines, tables, &seen))
}

/// Which of two documents is told, and the other one: the second, unless only the first was written
/// just now.
fn told(one: usize, other: usize, lines: &[usize]) -> (usize, usize) {
    let (first, second) = (one.min(other), one.max(other));
    let is_new = |at: usize| lines.get(at).is_some_and(|line| *line > 0);
    if is_new(first) && !is_new(second) {
        (first, second)
    } else {
        (second, first)
    }
}

/// Documents of some kinds share their names with other kinds.
fn same_name(
    documents: &[Document],
    lines: &[usize],
    tables: &Tables,
    seen: &HashMap<String, usize>,
) -> Option<Clash> {
    documents.iter().enumerate().find_map(|(at, document)| {
        let name = document.name().unwrap_or_default();
        let kinds = &tables.kind(document.kind())?.conflicts;
        let mut others = kinds.iter().map(|kind| format!("{kind}/{name}"));
        let other = others.find_map(|id| seen.get(&id).copied())?;
        let (at, other) = told(at, other, lines);
        Some(Clash {
            at,
            path: vec![Step::key("name")],
            message: format!("document {} has the same name", id_of(&documents[other])),
        })
    })
}

/// Some documents have a second name inside, which no other one may have.
fn claimed_twice(documents: &[Document], lines: &[usize], tables: &Tables) -> Option<Clash> {
    documents.iter().enumerate().find_map(|(at, document)| {
        let kind = tables.kind(document.kind())?;
        let name = second_name(document, tables)?;
        let owner = documents.iter().position(|other| {
            let kin = other.kind() == kind.name || kind.conflicts.iter().any(|k| k == other.kind());
            let is_other = other.id() != document.id();
            kin && (other.name() == Some(name)
                || is_other && second_name(other, tables) == Some(name))
        })?;
        let (at, other) = told(at, owner, lines);
        let path = if second_name(&documents[at], tables) == Some(name) {
            claims(&documents[at], tables)?
        } else {
            vec![Step::key("name")]
        };
        let (id, name) = (id_of(&documents[other]), shown(name));
        let message = format!("document {id} means '{name}' already");
        Some(Clash { at, path, message })
    })
}

fn id_of(document: &Document) -> String {
    shown(&document.id())
}

/// Where a document of this kind has its second name.
fn claims(document: &Document, tables: &Tables) -> Option<Vec<Step>> {
    let path = &tables.kind(document.kind())?.claims;
    let steps: Vec<Step> = path.iter().map(|key| Step::key(key.as_str())).collect();
    (!steps.is_empty()).then_some(steps)
}

/// The second name of a document of a kind that has one; empty if nobody gave it.
fn second_name<'d>(document: &'d Document, tables: &Tables) -> Option<&'d str> {
    let value = path::get(document.body(), &claims(document, tables)?);
    Some(value.and_then(Value::as_str).unwrap_or_default())
}
