use std::fmt;

use crate::document::{LoadError, Step, path_text};

/// A patch that cannot be applied. It never carries a value: that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    /// Position among the patches, counted from 0.
    pub patch: usize,
    /// `v1alpha1`, `Kind` or `Kind/name`; empty if the whole configuration is meant.
    pub document: String,
    /// Such as `cluster.apiServer.admissionControl[0].configuration`; empty for the document.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "patch {}: ", self.patch + 1)?;
        if !self.document.is_empty() {
            write!(f, "document {}: ", self.document)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatchError {}

/// What went wrong within one patch.
#[derive(Debug)]
pub(super) struct Fault {
    pub document: String,
    pub path: String,
    pub message: String,
    /// There is nothing to delete.
    pub is_missing: bool,
}

impl Fault {
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            document: String::new(),
            path: String::new(),
            message: message.into(),
            is_missing: false,
        }
    }

    pub fn missing(message: impl Into<String>) -> Self {
        Self {
            is_missing: true,
            ..Self::new(message)
        }
    }

    pub fn at(path: &[Step], message: impl Into<String>) -> Self {
        Self {
            path: path_text(path),
            ..Self::new(message)
        }
    }

    pub fn of_document(self, id: &str) -> Self {
        Self {
            document: id.to_owned(),
            ..self
        }
    }

    pub fn of_patch(self, patch: usize) -> PatchError {
        PatchError {
            patch,
            document: self.document,
            path: self.path,
            message: self.message,
        }
    }
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        Self::new(error.to_string())
    }
}
