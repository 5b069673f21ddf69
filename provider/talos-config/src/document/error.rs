use std::fmt;

use super::path::{Step, path_text};
use crate::yaml::ParseError;

/// A text that is no machine configuration, or no patch of one. It never carries a value: that may
/// be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// `v1alpha1`, `Kind` or `Kind/name`; none where the text is no YAML.
    pub document: Option<String>,
    /// Such as `machine.network.interfaces[0].mtu`; empty for the document itself.
    pub path: String,
    /// Counted from 1; 0 if unknown.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// The nearest thing that would have been right.
    pub suggestion: Option<String>,
}

impl LoadError {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            document: None,
            path: String::new(),
            line,
            message: message.into(),
            suggestion: None,
        }
    }

    pub(crate) fn at(path: &[Step], line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path_text(path),
            ..Self::new(line, message)
        }
    }

    pub(crate) fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    pub(crate) fn of_document(mut self, id: &str) -> Self {
        self.document.get_or_insert_with(|| id.to_owned());
        self
    }
}

impl From<ParseError> for LoadError {
    fn from(error: ParseError) -> Self {
        Self::new(error.line, error.message)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(document) = &self.document {
            write!(f, "document {document}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if self.line > 0 {
            write!(f, " (line {})", self.line)?;
        }
        match &self.suggestion {
            Some(name) => write!(f, "; did you mean {name}?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LoadError {}
