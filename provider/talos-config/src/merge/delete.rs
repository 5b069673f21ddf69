//! `$patch: delete` in the text of a patch: what it selects, and the patch without it.

use std::rc::Rc;

use crate::document::{LoadError, MAIN, WRONG_VERSION, head_error, identify};
use crate::yaml::{Node, NodeKind, Step};

/// What is to be deleted.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// Id of the document.
    pub document: String,
    /// Keys from the document's top; a list's item is `[n]`. Empty: the document itself.
    pub path: Vec<String>,
    /// For a list's item: the key and the text by which it is found.
    pub item: Option<(String, String)>,
    /// Where it says so, counted from 1.
    pub line: usize,
}

impl Selector {
    pub fn is_main(&self) -> bool {
        self.document == MAIN
    }

    /// Whether both delete an item of one list, found by the same key.
    pub fn is_beside(&self, other: &Self) -> bool {
        fn list(of: &Selector) -> Option<&[String]> {
            of.path.split_last().map(|(_, list)| list)
        }
        match (&self.item, &other.item) {
            (Some((key, _)), Some((same, _))) => {
                key == same && self.document == other.document && list(self) == list(other)
            }
            _ => false,
        }
    }

    /// The path as others are shown.
    pub fn steps(&self) -> Vec<Step> {
        steps(&self.path)
    }
}

fn steps(path: &[String]) -> Vec<Step> {
    let step = |text: &String| {
        let number = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        match number.and_then(|number| number.parse().ok()) {
            Some(index) => Step::Index(index),
            None => Step::key(text.as_str()),
        }
    };
    path.iter().map(step).collect()
}

/// Takes the statements out of a document. True if nothing is left that a patch could say.
pub(super) fn extract(root: &mut Node, found: &mut Vec<Selector>) -> Result<bool, LoadError> {
    let id = match &root.kind {
        NodeKind::Map(entries) => identify(entries).text(),
        _ => String::new(),
    };
    extract_from(root, found).map_err(|error| error.of_document(&id))
}

fn extract_from(root: &mut Node, found: &mut Vec<Selector>) -> Result<bool, LoadError> {
    let mut scan = Scan {
        path: Vec::new(),
        found: Vec::new(),
    };
    let gone = scan.node(root, Parent::Document)?;
    if scan.found.is_empty() {
        return Ok(is_bare(root));
    }
    // A statement that removes the whole document leaves its head to be read.
    let whole = scan.found.iter().any(|found| found.path.is_empty());
    let document = document_of(root, whole)?;
    found.extend(scan.found.into_iter().map(|selector| Selector {
        document: document.clone(),
        ..selector
    }));
    Ok(gone || is_bare(root))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Document,
    Mapping,
    List,
}

struct Scan {
    path: Vec<String>,
    /// Their document is not known yet.
    found: Vec<Selector>,
}

impl Scan {
    /// Walks a node; true if it is to be taken out.
    fn node(&mut self, node: &mut Node, parent: Parent) -> Result<bool, LoadError> {
        match &mut node.kind {
            NodeKind::Map(entries) => self.entries(Rc::make_mut(entries), parent),
            NodeKind::List(items) => self.items(Rc::make_mut(items)),
            NodeKind::Scalar(_) | NodeKind::Alias(_) => Ok(false),
        }
    }

    fn entries(
        &mut self,
        entries: &mut Vec<(Node, Node)>,
        parent: Parent,
    ) -> Result<bool, LoadError> {
        // What stays is moved to the front, so that many deletions cost no more than one.
        let mut kept = 0;
        for at in 0..entries.len() {
            if is_statement(&entries[at]) {
                entries.drain(kept..at);
                let selector = self.statement(entries, parent, entries[kept].0.line)?;
                self.found.push(selector);
                return Ok(true);
            }
            let (key, value) = &mut entries[at];
            self.path.push(key.text().to_owned());
            let gone = self.node(value, Parent::Mapping)?;
            self.path.pop();
            if !gone {
                entries.swap(kept, at);
                kept += 1;
            }
        }
        Ok(shorten(entries, kept))
    }

    fn items(&mut self, items: &mut Vec<Node>) -> Result<bool, LoadError> {
        let mut kept = 0;
        for at in 0..items.len() {
            // Positions are those without what is taken out.
            self.path.push(format!("[{kept}]"));
            let gone = self.node(&mut items[at], Parent::List)?;
            self.path.pop();
            if !gone {
                items.swap(kept, at);
                kept += 1;
            }
        }
        Ok(shorten(items, kept))
    }

    fn statement(
        &self,
        entries: &[(Node, Node)],
        parent: Parent,
        line: usize,
    ) -> Result<Selector, LoadError> {
        let refuse = |message| Err(LoadError::at(&steps(&self.path), line, message));
        let item = if parent == Parent::List {
            let Some((key, value)) = entries.iter().find(|entry| !is_statement(entry)) else {
                return refuse(
                    "a list's item that is to be deleted needs a key and a value by which it is found",
                );
            };
            Some((key.text().to_owned(), value.text().to_owned()))
        } else {
            let within_item = |step: &String| step.starts_with('[') || step.is_empty();
            if self.path.iter().any(within_item) {
                return refuse("this is within a list's item, and only whole items can be deleted");
            }
            None
        };
        Ok(Selector {
            document: String::new(),
            path: self.path.clone(),
            item,
            line,
        })
    }
}

/// Leaves the first `kept` items. True if something is taken out and nothing is left.
fn shorten<T>(items: &mut Vec<T>, kept: usize) -> bool {
    let gone = kept == 0 && !items.is_empty();
    items.truncate(kept);
    gone
}

fn is_statement((key, value): &(Node, Node)) -> bool {
    key.text() == "$patch" && value.scalar().is_some_and(|s| s.text == "delete")
}

const NEEDS_HEAD: &str = "a document with $patch: delete needs both apiVersion and kind";

fn document_of(root: &Node, whole: bool) -> Result<String, LoadError> {
    let NodeKind::Map(entries) = &root.kind else {
        return Err(LoadError::new(
            root.line,
            "$patch: delete belongs into a document that is a mapping",
        ));
    };
    let identity = identify(entries);
    match (identity.api_version.as_str(), identity.kind.as_str()) {
        ("", "") if !whole => Ok(MAIN.to_owned()),
        ("", _) => Err(head_error(entries, "apiVersion", root.line, NEEDS_HEAD)),
        (_, "") => Err(head_error(entries, "kind", root.line, NEEDS_HEAD)),
        (MAIN, _) => Ok(identity.text()),
        _ => Err(head_error(entries, "apiVersion", root.line, WRONG_VERSION)),
    }
}

/// Whether nothing is left but the head. Talos does not count `apiVersion` as head, and so merges
/// what remains of a document after a deletion in it.
fn is_bare(root: &Node) -> bool {
    let NodeKind::Map(entries) = &root.kind else {
        return false;
    };
    entries.iter().all(|(key, value)| {
        value.scalar().is_some() && matches!(key.text(), "version" | "kind" | "name")
    })
}
