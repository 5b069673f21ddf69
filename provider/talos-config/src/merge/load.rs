use std::collections::HashSet;

use super::delete::{self, Selector};
use super::error::PatchError;
use super::json::{self, Operation};
use crate::document::{LoadError, Loaded, decode_document, identify};
use crate::tables::{Line, Tables};
use crate::yaml::{Node, NodeKind, Resolved, parse_nodes, resolve};

/// A patch that was read and can be applied.
#[derive(Clone)]
pub struct Patch(pub(super) Form);

#[derive(Clone)]
pub(super) enum Form {
    Strategic(Strategic),
    Json(Vec<Operation>),
    /// Nothing but white space and comments.
    Empty,
}

/// Documents to merge and deletions.
#[derive(Clone)]
pub(super) struct Strategic {
    /// In the order in which they take effect.
    pub parts: Vec<Part>,
    /// Where they come from, for the lines of errors.
    pub text: String,
}

/// One statement of a strategic patch.
#[derive(Clone)]
pub(super) enum Part {
    Merge {
        id: String,
        document: Loaded,
        /// Which document of the text it is, counted from 0.
        number: usize,
    },
    Delete(Selector),
}

impl Part {
    /// Whether both delete an item of one list.
    pub fn goes_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Delete(one), Self::Delete(other)) => one.is_beside(other),
            _ => false,
        }
    }
}

impl Patch {
    /// Reads a strategic patch (documents of a configuration, of any completeness), or a JSON
    /// patch as JSON or as YAML list. Where it is neither, the error is that of what it looks like.
    pub fn load(text: &str, line: Line) -> Result<Self, LoadError> {
        match strategic(text, line) {
            Ok(form) => Ok(Self(form)),
            Err(error) => match json::read(text) {
                Some(operations) => operations.map(|o| Self(Form::Json(o))),
                None => Err(error),
            },
        }
    }

    /// Reads several; the error says which one is bad.
    pub fn load_all<T: AsRef<str>>(texts: &[T], line: Line) -> Result<Vec<Self>, PatchError> {
        let load = |(patch, text): (usize, &T)| {
            Self::load(text.as_ref(), line).map_err(|error| PatchError { patch, error })
        };
        texts.iter().enumerate().map(load).collect()
    }

    pub(super) fn is_json(&self) -> bool {
        matches!(self.0, Form::Json(_))
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Form::Empty)
    }
}

fn strategic(text: &str, line: Line) -> Result<Form, LoadError> {
    let nodes = parse_nodes(text)?;
    let silent = nodes.iter().all(|node| {
        node.scalar()
            .is_some_and(|s| resolve(s) == Ok(Resolved::Null))
    });
    if silent {
        return Ok(Form::Empty);
    }
    let mut reader = Reader {
        tables: line.tables(),
        seen: HashSet::new(),
        parts: Vec::new(),
    };
    for (number, node) in nodes.into_iter().enumerate() {
        let read = reader.document(node, number);
        read.map_err(|error| error.of_number(number + 1))?;
    }
    let mut parts = reader.parts;
    if parts.is_empty() {
        return Err(LoadError::new(1, "there is nothing in it to be patched").of_number(1));
    }
    // The main document comes first, and deletions in it before everything.
    parts.sort_by_key(|part| match part {
        Part::Delete(selector) if selector.is_main() => 0,
        Part::Merge { id, .. } if id == crate::document::MAIN => 1,
        _ => 2,
    });
    let text = text.to_owned();
    Ok(Form::Strategic(Strategic { parts, text }))
}

/// Collects the statements of a patch, document by document.
struct Reader {
    tables: &'static Tables,
    /// `apiVersion` and id of the documents so far.
    seen: HashSet<(String, String)>,
    parts: Vec<Part>,
}

impl Reader {
    fn document(&mut self, mut node: Node, number: usize) -> Result<(), LoadError> {
        let mut selectors = Vec::new();
        let nothing_left = delete::extract(&mut node, &mut selectors)?;
        self.parts.extend(selectors.into_iter().map(Part::Delete));
        if nothing_left {
            return Ok(());
        }
        self.refuse_repetition(&node)?;
        let Some(document) = decode_document(&node, self.tables)? else {
            return Ok(());
        };
        let kind = self.tables.kind(document.kind);
        self.parts.push(Part::Merge {
            id: document.id(kind.is_some_and(|kind| kind.named)),
            document,
            number,
        });
        Ok(())
    }

    /// Most lines take one document of a kind and name per patch.
    fn refuse_repetition(&mut self, node: &Node) -> Result<(), LoadError> {
        let NodeKind::Map(entries) = &node.kind else {
            return Ok(());
        };
        let identity = identify(entries);
        let id = identity.text();
        let first = self.seen.insert((identity.api_version, id.clone()));
        if first || self.tables.rules.patches_repeat_documents {
            return Ok(());
        }
        Err(LoadError::new(node.line, "this document is there twice").of_document(&id))
    }
}
