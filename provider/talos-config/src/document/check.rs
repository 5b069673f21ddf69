use std::collections::HashSet;

use super::config::Document;
use crate::tables::Tables;

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
