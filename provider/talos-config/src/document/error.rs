use std::fmt;

use crate::yaml::ParseError;
use crate::yaml::path::{Step, shown, shown_path};

/// A text that is no machine configuration, or no patch of one. It never carries a value: that may
/// be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// `v1alpha1`, `Kind` or `Kind/name`; `number 2` where the text does not say what it is.
    pub document: String,
    /// Such as `machine.network.interfaces[0].mtu`; empty for the document itself.
    pub path: String,
    /// Counted from 1; 0 where it is about no text, as a deletion from an empty configuration.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// The nearest thing that would have been right.
    pub suggestion: Option<String>,
}

impl LoadError {
    pub(crate) fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            document: String::new(),
            path: String::new(),
            line,
            message: message.into(),
            suggestion: None,
        }
    }

    pub(crate) fn at(path: &[Step], line: usize, message: impl Into<String>) -> Self {
        Self {
            path: shown_path(path),
            ..Self::new(line, message)
        }
    }

    /// What the reader of values found below `path`.
    pub(crate) fn below(path: &[Step], error: ParseError) -> Self {
        let path: Vec<Step> = path.iter().cloned().chain(error.path).collect();
        Self::at(&path, error.line, error.message)
    }

    pub(crate) fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    /// Names the document, unless somebody nearer to the error has done so.
    pub(crate) fn of_document(mut self, id: &str) -> Self {
        if self.document.is_empty() {
            self.document = shown(id);
        }
        self
    }

    /// [`LoadError::of_document`] for one that does not say what it is; counted from 1.
    pub(crate) fn of_number(self, number: usize) -> Self {
        self.of_document(&format!("number {number}"))
    }
}

impl From<ParseError> for LoadError {
    fn from(error: ParseError) -> Self {
        let number = error.document;
        Self::below(&[], error).of_number(number)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.document.is_empty() {
            write!(f, "document {}: ", self.document)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(name) = &self.suggestion {
            write!(f, "; did you mean {name}?")?;
        }
        // Last, because core puts a full stop after what a function says.
        if self.line > 0 {
            write!(f, " (line {})", self.line)?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
