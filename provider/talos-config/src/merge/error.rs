use std::fmt;

use crate::document::LoadError;
use crate::yaml::Step;

/// A patch that cannot be read or applied. It never carries a value: that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    /// Position among the patches, counted from 0.
    pub patch: usize,
    /// What is wrong and where: document and path are those of the configuration, the line is
    /// that of the patch.
    pub error: LoadError,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "patch {}: {}", self.patch + 1, self.error)
    }
}

impl std::error::Error for PatchError {}

/// What went wrong within one patch.
#[derive(Debug)]
pub(super) struct Fault {
    pub error: Box<LoadError>,
    /// Where in the patch it is. The path of the error differs: a list's item has another position
    /// in the configuration.
    pub source: Vec<Step>,
}

impl Fault {
    /// `path` is that in the configuration, `source` that in the patch.
    pub fn at(path: &[Step], source: &[Step], message: impl Into<String>) -> Self {
        Self {
            source: source.to_vec(),
            ..Self::from(LoadError::at(path, 0, message))
        }
    }

    pub fn of_document(mut self, id: &str) -> Self {
        self.error = Box::new(self.error.of_document(id));
        self
    }

    pub fn of_patch(self, patch: usize) -> PatchError {
        PatchError {
            patch,
            error: *self.error,
        }
    }
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        Self {
            error: Box::new(error),
            source: Vec::new(),
        }
    }
}
