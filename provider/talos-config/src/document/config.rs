use super::error::LoadError;
use super::{MAIN, check, load};
use crate::tables::Line;
use crate::yaml::path::{self, PathError, Step};
use crate::yaml::{self, Dialect, Map, Value};

/// A machine configuration. Canonical after loading, generating and patching: its tree is what
/// [`Config::emit`] writes.
#[derive(Clone, PartialEq)]
pub struct Config {
    line: Line,
    documents: Vec<Document>,
}

/// One document of a configuration.
#[derive(Clone, PartialEq)]
pub struct Document {
    kind: String,
    named: bool,
    dialect: Dialect,
    body: Map,
}

impl Config {
    /// Reads a configuration strictly, as that line of Talos does: unknown keys, kinds and types
    /// that do not fit are errors.
    pub fn load(text: &str, line: Line) -> Result<Self, LoadError> {
        let (documents, lines) = load::documents(text, line)?;
        Self::from_documents(documents, &lines, line)
    }

    /// `lines` say where each document begins in the text that it came from.
    pub(crate) fn from_documents(
        mut documents: Vec<Document>,
        lines: &[usize],
        line: Line,
    ) -> Result<Self, LoadError> {
        if let Some(clash) = check::clash(&documents, lines, line.tables()) {
            let begins = lines.get(clash.at).copied().unwrap_or_default();
            let error = LoadError::at(&clash.path, begins, clash.message);
            return Err(error.of_document(&documents[clash.at].id()));
        }
        // Talos keeps the main document apart, and so writes it first.
        documents.sort_by_key(|document| document.kind != MAIN);
        Ok(Self { line, documents })
    }

    /// A configuration of the same line without any document.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            line: self.line,
            documents: Vec::new(),
        }
    }

    /// The text that Talos writes without comments.
    pub fn emit(&self) -> String {
        let texts: Vec<String> = self.documents.iter().map(Document::emit).collect();
        texts.join("---\n")
    }

    /// The line whose rules apply.
    pub fn line(&self) -> Line {
        self.line
    }

    /// All documents, the main one first.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The document `v1alpha1`, `HostnameConfig` or `RegistryMirrorConfig/docker.io`.
    pub fn document(&self, id: &str) -> Option<&Document> {
        self.documents.iter().find(|document| document.id() == id)
    }

    /// A document to be changed; call [`Config::normalize`] afterwards.
    pub fn document_mut(&mut self, id: &str) -> Option<&mut Document> {
        self.documents
            .iter_mut()
            .find(|document| document.id() == id)
    }

    /// Puts a document at a position among [`Config::documents`], or at the end.
    pub fn insert(&mut self, document: Document, at: Option<usize>) {
        let at = at.unwrap_or(self.documents.len()).min(self.documents.len());
        self.documents.insert(at, document);
    }

    /// Takes a document out.
    pub fn remove(&mut self, id: &str) -> Option<Document> {
        let at = self
            .documents
            .iter()
            .position(|document| document.id() == id)?;
        Some(self.documents.remove(at))
    }

    /// The value at a path of a document.
    pub fn get(&self, id: &str, path: &[Step]) -> Option<&Value> {
        path::get(&self.document(id)?.body, path)
    }

    /// Puts a value at a path of a document, making mappings on the way; call
    /// [`Config::normalize`] after the last change.
    pub fn set(&mut self, id: &str, path: &[Step], value: Value) -> Result<(), PathError> {
        let document = self
            .document_mut(id)
            .ok_or_else(|| PathError(format!("there is no document {id}")))?;
        path::set(&mut document.body, path, value)
    }

    /// Takes the value at a path out of a document; call [`Config::normalize`] after the last
    /// change.
    pub fn unset(&mut self, id: &str, path: &[Step]) -> Option<Value> {
        path::unset(&mut self.document_mut(id)?.body, path)
    }

    /// Puts keys in order, leaves out what is empty and checks types after changes to the tree.
    pub fn normalize(&mut self) -> Result<(), LoadError> {
        *self = Self::load(&self.emit(), self.line)?;
        Ok(())
    }
}

impl Document {
    pub(crate) fn new(kind: &str, body: Map, named: bool, line: Line) -> Self {
        Self {
            kind: kind.to_owned(),
            named,
            dialect: line.dialect(),
            body,
        }
    }

    /// `v1alpha1`, `Kind`, or `Kind/name` for kinds of which there may be several.
    pub fn id(&self) -> String {
        match self.name() {
            Some(name) => format!("{}/{name}", self.kind),
            None => self.kind.clone(),
        }
    }

    /// The kind; `v1alpha1` for the main document.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name, for kinds that have one.
    pub fn name(&self) -> Option<&str> {
        self.named.then(|| {
            self.body
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
        })
    }

    /// Everything in it, `apiVersion`, `kind` and `name` included.
    pub fn body(&self) -> &Map {
        &self.body
    }

    /// Everything in it, to be changed.
    pub fn body_mut(&mut self) -> &mut Map {
        &mut self.body
    }

    /// The text that Talos writes without comments.
    pub fn emit(&self) -> String {
        yaml::emit_as(&Value::Map(self.body.clone()), self.dialect)
    }
}
