use std::collections::HashSet;

use super::config::Document;
use super::path::{self, Step};
use crate::tables::Tables;
use crate::yaml::Value;

/// What two documents of one configuration cannot both be; the message names them.
pub(super) fn clash(documents: &[Document], tables: &Tables) -> Option<String> {
    let mut seen = HashSet::new();
    if let Some(twice) = documents
        .iter()
        .map(Document::id)
        .find(|id| !seen.insert(id.clone()))
    {
        return Some(format!("document {twice} is there twice"));
    }
    if let Some(clash) = claimed_twice(documents, tables) {
        return Some(clash);
    }
    documents.iter().find_map(|document| {
        let name = document.name().unwrap_or_default();
        let others = &tables.kind(document.kind())?.conflicts;
        let other = others
            .iter()
            .map(|kind| format!("{kind}/{name}"))
            .find(|id| seen.contains(id))?;
        Some(format!(
            "documents {other} and {} cannot have the same name",
            document.id()
        ))
    })
}

/// Some documents have a second name inside, which no other one may have.
fn claimed_twice(documents: &[Document], tables: &Tables) -> Option<String> {
    let claimed = documents.iter().find_map(|document| {
        let kind = tables.kind(document.kind())?;
        let path = kind.claims.as_slice();
        if path.is_empty() {
            return None;
        }
        let steps: Vec<Step> = path.iter().map(|key| Step::key(key.as_str())).collect();
        let claim = path::get(document.body(), &steps).and_then(Value::as_str);
        let claim = claim.unwrap_or_default();
        let owner = documents.iter().find(|other| {
            let kin = other.kind() == kind.name || kind.conflicts.iter().any(|k| k == other.kind());
            kin && (other.name() == Some(claim)
                || other.id() != document.id() && has_claim(other, tables, claim))
        })?;
        Some((document.id(), owner.id(), claim.to_owned()))
    });
    claimed.map(|(id, owner, claim)| format!("documents {id} and {owner} both mean '{claim}'"))
}

fn has_claim(document: &Document, tables: &Tables, claim: &str) -> bool {
    let Some(kind) = tables.kind(document.kind()) else {
        return false;
    };
    let steps: Vec<Step> = kind.claims.iter().map(|k| Step::key(k.as_str())).collect();
    !steps.is_empty() && path::get(document.body(), &steps).and_then(Value::as_str) == Some(claim)
}
