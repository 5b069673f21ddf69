use super::config::Document;
use super::decode::Decoder;
use super::error::LoadError;
use super::{MAIN, canonical, suggest};
use crate::tables::{Line, Tables};
use crate::yaml::path::{Step, shown};
use crate::yaml::{self, Map, Node, NodeKind, Resolved, Value, parse_nodes, resolve};

/// A document as read: still with everything that was written.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub kind: &'static str,
    pub body: Map,
    /// Where it begins, counted from 1.
    pub line: usize,
    /// The tables it was read by.
    pub tables: &'static Tables,
}

impl Loaded {
    /// The document's id; `named` kinds have their name in it.
    pub fn id(&self, named: bool) -> String {
        let name = self
            .body
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if named {
            format!("{}/{name}", self.kind)
        } else {
            self.kind.to_owned()
        }
    }
}

/// What a document says of itself, before anyone looks at the rest.
pub(crate) struct Identity {
    pub api_version: String,
    pub kind: String,
    pub name: String,
}

impl Identity {
    /// The document's id for messages.
    pub fn text(&self) -> String {
        match (self.kind.as_str(), self.name.as_str()) {
            ("", _) => MAIN.to_owned(),
            (kind, "") => kind.to_owned(),
            (kind, name) => format!("{kind}/{name}"),
        }
    }
}

/// The text that bytes hold, which must be UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, LoadError> {
    Ok(yaml::text(bytes)?)
}

/// Reads the documents of a configuration, canonical, with the lines at which they begin.
pub(super) fn documents(text: &str, line: Line) -> Result<(Vec<Document>, Vec<usize>), LoadError> {
    let tables = line.tables();
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for (index, node) in parse_nodes(text)?.iter().enumerate() {
        let loaded = decode_document(node, tables).map_err(|e| e.of_number(index + 1))?;
        if let Some(loaded) = loaded {
            lines.push(loaded.line);
            documents.push(finish(loaded, line));
        }
    }
    if documents.is_empty() {
        return Err(LoadError::new(1, "there is no document in it").of_number(1));
    }
    Ok((documents, lines))
}

fn finish(loaded: Loaded, line: Line) -> Document {
    let tables = line.tables();
    let Loaded { kind, body, .. } = loaded;
    match tables.kind(kind) {
        Some(known) => Document::new(
            kind,
            canonical(tables.body(known), body, tables),
            known.named,
            line,
        ),
        None => Document::new(kind, body, false, line),
    }
}

/// Reads one document; `None` for a null document.
pub(crate) fn decode_document(
    node: &Node,
    tables: &'static Tables,
) -> Result<Option<Loaded>, LoadError> {
    let NodeKind::Map(entries) = &node.kind else {
        let null = node
            .scalar()
            .is_some_and(|s| resolve(s) == Ok(Resolved::Null));
        return if null && tables.rules.null_documents {
            Ok(None)
        } else {
            let found = node.form();
            let message = format!("a document must be a mapping, found {found}");
            Err(LoadError::new(node.line, message))
        };
    };
    let identity = identify(entries);
    let id = identity.text();
    let kind = kind_of(entries, &identity, node.line, tables).map_err(|e| e.of_document(&id))?;
    let body = Decoder::new(tables)
        .structure(tables.body(kind), entries)
        .map_err(|e| e.of_document(&id))?;
    Ok(Some(Loaded {
        kind: &kind.name,
        body,
        line: node.line,
        tables,
    }))
}

/// Looks for `apiVersion`, `kind` and `name` at the top of a document.
pub(crate) fn identify(entries: &[(Node, Node)]) -> Identity {
    let find = |key: &str| {
        let entry = entries.iter().find(|(k, _)| k.text() == key);
        entry.map_or(String::new(), |(_, value)| value.target().text().to_owned())
    };
    Identity {
        api_version: find("apiVersion"),
        kind: find("kind"),
        name: find("name"),
    }
}

/// What is wrong with an `apiVersion`.
pub(crate) const WRONG_VERSION: &str = "it must be v1alpha1";

/// An error about a key at the top of a document, at its line if it is there.
pub(crate) fn head_error(
    entries: &[(Node, Node)],
    key: &str,
    line: usize,
    message: impl Into<String>,
) -> LoadError {
    let entry = entries.iter().find(|(k, _)| k.text() == key);
    LoadError::at(
        &[Step::key(key)],
        entry.map_or(line, |(k, _)| k.line),
        message,
    )
}

fn kind_of(
    entries: &[(Node, Node)],
    identity: &Identity,
    line: usize,
    tables: &'static Tables,
) -> Result<&'static crate::tables::Kind, LoadError> {
    let has = |key: &str| entries.iter().any(|(k, _)| k.text() == key);
    let main = ["machine", "cluster", "debug", "persist"]
        .into_iter()
        .any(has);
    let version = if main {
        MAIN
    } else {
        identity.api_version.as_str()
    };
    let name = match (identity.kind.as_str(), version) {
        ("", MAIN) => MAIN,
        ("", _) => return Err(head_error(entries, "kind", line, "there is no kind")),
        (_, "") => {
            let message = "there is no apiVersion; it must be v1alpha1";
            return Err(head_error(entries, "apiVersion", line, message));
        }
        (kind, _) => kind,
    };
    match tables.kind(name) {
        Some(kind) if version == MAIN && (name != MAIN || identity.kind.is_empty()) => Ok(kind),
        Some(_) => Err(head_error(entries, "apiVersion", line, WRONG_VERSION)),
        None => {
            let (message, suggestion) = unknown_kind(name, tables);
            Err(head_error(entries, "kind", line, message).suggest(suggestion))
        }
    }
}

/// What to say of a kind that the tables do not have, and which one was probably meant.
fn unknown_kind(name: &str, tables: &Tables) -> (String, Option<String>) {
    let message = format!(
        "this line of Talos does not know the kind '{}'",
        shown(name)
    );
    let elsewhere = Line::ALL
        .into_iter()
        .find(|l| l.tables().kind(name).is_some());
    match elsewhere {
        Some(line) => (format!("{message}, but Talos {line} does"), None),
        None => {
            let names = tables.kinds.iter().skip(1).map(|k| k.name.as_str());
            (message, suggest::nearest(name, names))
        }
    }
}
