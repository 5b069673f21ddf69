//! `$patch: delete` in the text of a patch: what it selects, and the patch without it.

use crate::document::{LoadError, MAIN, identify};
use crate::yaml::{Node, NodeKind};

/// What is to be deleted.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// Id of the document.
    pub document: String,
    /// Keys from the document's top; a list's item is `[n]`. Empty: the document itself.
    pub path: Vec<String>,
    /// For a list's item: the key and the text by which it is found.
    pub item: Option<(String, String)>,
}

impl Selector {
    pub fn is_main(&self) -> bool {
        self.document == MAIN
    }
}

/// Takes the statements out of a document. True if nothing is left that a patch could say.
pub(super) fn extract(root: &mut Node, found: &mut Vec<Selector>) -> Result<bool, LoadError> {
    let mut scan = Scan {
        path: Vec::new(),
        found: Vec::new(),
    };
    let gone = scan.node(root, Parent::Document)?;
    if scan.found.is_empty() {
        return Ok(is_bare(root));
    }
    // A statement that removes the whole document leaves its head to be read.
    let document = document_of(root, scan.found.iter().any(|(path, _)| path.is_empty()))?;
    for (path, item) in scan.found {
        found.push(Selector {
            document: document.clone(),
            path,
            item,
        });
    }
    Ok(gone || is_bare(root))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Document,
    Mapping,
    List,
}

type Found = (Vec<String>, Option<(String, String)>);

struct Scan {
    path: Vec<String>,
    found: Vec<Found>,
}

impl Scan {
    /// Walks a node; true if it is to be taken out.
    fn node(&mut self, node: &mut Node, parent: Parent) -> Result<bool, LoadError> {
        match &mut node.kind {
            NodeKind::Map(entries) => self.entries(entries, parent, node.line),
            NodeKind::List(items) => self.items(items),
            NodeKind::Scalar(_) | NodeKind::Alias(_) => Ok(false),
        }
    }

    fn entries(
        &mut self,
        entries: &mut Vec<(Node, Node)>,
        parent: Parent,
        line: usize,
    ) -> Result<bool, LoadError> {
        let mut at = 0;
        while at < entries.len() {
            if is_statement(&entries[at]) {
                self.statement(entries, parent, line)?;
                return Ok(true);
            }
            let (key, value) = &mut entries[at];
            self.path.push(key.text().to_owned());
            let gone = self.node(value, Parent::Mapping)?;
            self.path.pop();
            if gone {
                // The document's head is still needed to say what the statement is about.
                entries.remove(at);
                if entries.is_empty() {
                    return Ok(true);
                }
            } else {
                at += 1;
            }
        }
        Ok(false)
    }

    fn items(&mut self, items: &mut Vec<Node>) -> Result<bool, LoadError> {
        let mut at = 0;
        while at < items.len() {
            self.path.push(format!("[{at}]"));
            let gone = self.node(&mut items[at], Parent::List)?;
            self.path.pop();
            if gone {
                items.remove(at);
                if items.is_empty() {
                    return Ok(true);
                }
            } else {
                at += 1;
            }
        }
        Ok(false)
    }

    fn statement(
        &mut self,
        entries: &[(Node, Node)],
        parent: Parent,
        line: usize,
    ) -> Result<(), LoadError> {
        if parent != Parent::List {
            if self
                .path
                .iter()
                .any(|step| step.starts_with('[') || step.is_empty())
            {
                let message = format!(
                    "'{}' is within a list's item, and only whole items can be deleted",
                    self.path.join(".")
                );
                return Err(LoadError::new(line, message));
            }
            self.found.push((self.path.clone(), None));
            return Ok(());
        }
        let selector = entries.iter().find(|entry| !is_statement(entry));
        let Some((key, value)) = selector else {
            let message =
                "a list's item that is to be deleted needs a key and a value by which it is found";
            return Err(LoadError::new(line, message));
        };
        self.found.push((
            self.path.clone(),
            Some((key.text().to_owned(), value.text().to_owned())),
        ));
        Ok(())
    }
}

fn is_statement((key, value): &(Node, Node)) -> bool {
    key.text() == "$patch" && value.scalar().is_some_and(|s| s.text == "delete")
}

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
        ("", _) | (_, "") => {
            let message = "a document with $patch: delete needs both apiVersion and kind";
            Err(LoadError::new(root.line, message).suggest(None))
        }
        (MAIN, _) => Ok(identity.text()),
        _ => Err(LoadError::new(
            root.line,
            "its 'apiVersion' must be v1alpha1",
        )),
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
