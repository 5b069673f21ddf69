use std::collections::HashSet;

use super::delete::{self, Selector};
use super::json::Operation;
use crate::document::{LoadError, Loaded, decode_document, identify};
use crate::tables::Line;
use crate::yaml::{NodeKind, Resolved, parse_nodes, resolve};

/// A patch that was read and can be applied.
#[derive(Clone)]
pub struct Patch(pub(super) Form);

#[derive(Clone)]
pub(super) enum Form {
    /// In the order in which they take effect.
    Strategic(Vec<Part>),
    Json(Vec<Operation>),
    /// Nothing but white space and comments.
    Empty,
}

/// One statement of a strategic patch.
#[derive(Clone)]
pub(super) enum Part {
    Merge { id: String, document: Loaded },
    Delete(Selector),
}

impl Patch {
    /// Reads a strategic patch (documents of a configuration, of any completeness), or a JSON
    /// patch as JSON or as YAML list. Where it is neither, the error is that of what it looks like.
    pub fn load(text: &str, line: Line) -> Result<Self, LoadError> {
        match strategic(text, line) {
            Ok(parts) => Ok(Self(parts.map_or(Form::Empty, Form::Strategic))),
            Err(error) => match super::json::read(text) {
                Some(operations) => operations.map(|o| Self(Form::Json(o))),
                None => Err(error),
            },
        }
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Form::Empty)
    }
}

/// The statements of a strategic patch; `None` if there is nothing but white space and comments.
fn strategic(text: &str, line: Line) -> Result<Option<Vec<Part>>, LoadError> {
    let tables = line.tables();
    let mut parts = Vec::new();
    let mut seen = HashSet::new();
    let nodes = parse_nodes(text)?;
    let silent = nodes.iter().all(|node| {
        node.scalar()
            .is_some_and(|s| resolve(s) == Ok(Resolved::Null))
    });
    for mut node in nodes {
        let mut selectors = Vec::new();
        let nothing_left = delete::extract(&mut node, &mut selectors)?;
        parts.extend(selectors.into_iter().map(Part::Delete));
        if nothing_left {
            continue;
        }
        if let NodeKind::Map(entries) = &node.kind {
            let identity = identify(entries);
            let first = seen.insert((identity.api_version.clone(), identity.text()));
            if !first && !tables.rules.patches_repeat_documents {
                return Err(LoadError::new(
                    node.line,
                    format!("document {} is there twice", identity.text()),
                ));
            }
        }
        if let Some(document) = decode_document(&node, tables)? {
            let named = tables.kind(document.kind).is_some_and(|kind| kind.named);
            parts.push(Part::Merge {
                id: document.id(named),
                document,
            });
        }
    }
    if parts.is_empty() {
        return if silent {
            Ok(None)
        } else {
            Err(LoadError::new(1, "there is nothing in it to be patched"))
        };
    }
    // The main document comes first, and deletions in it before everything.
    parts.sort_by_key(|part| match part {
        Part::Delete(selector) if selector.is_main() => 0,
        Part::Merge { id, .. } if id == crate::document::MAIN => 1,
        _ => 2,
    });
    Ok(Some(parts))
}
