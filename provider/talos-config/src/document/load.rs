use super::config::Document;
use super::decode::Decoder;
use super::error::LoadError;
use super::{MAIN, canonical, suggest};
use crate::tables::{Line, Tables};
use crate::yaml::{Map, Node, NodeKind, Resolved, Value, parse_nodes, resolve};

/// A document as read: still with everything that was written.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub kind: &'static str,
    pub body: Map,
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

/// Reads the documents of a configuration, canonical.
pub(super) fn documents(text: &str, line: Line) -> Result<Vec<Document>, LoadError> {
    let tables = line.tables();
    let mut documents = Vec::new();
    for node in parse_nodes(text)? {
        if let Some(loaded) = decode_document(&node, tables)? {
            documents.push(finish(loaded, line));
        }
    }
    if documents.is_empty() {
        return Err(LoadError::new(0, "there is no document in it"));
    }
    Ok(documents)
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
            Err(LoadError::new(node.line, "a document must be a mapping"))
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
        ("", _) => return Err(LoadError::new(line, "it has no 'kind'")),
        (_, "") => return Err(LoadError::new(line, "it has no 'apiVersion'")),
        (kind, _) => kind,
    };
    match tables.kind(name) {
        Some(kind) if version == MAIN && (name != MAIN || identity.kind.is_empty()) => Ok(kind),
        Some(_) => Err(LoadError::new(line, "its 'apiVersion' must be v1alpha1")),
        None => {
            let names = tables.kinds.iter().skip(1).map(|k| k.name.as_str());
            let message = format!("this line of Talos does not know the kind '{name}'");
            Err(LoadError::new(line, message).suggest(suggest::nearest(name, names)))
        }
    }
}
