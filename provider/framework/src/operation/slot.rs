//! Where create, update and delete put the object they reached.

use std::sync::{Arc, Mutex};

use super::{OpState, lock};
use crate::author::Resource;
use crate::diag::Diagnostic;

/// The object reached so far. Survives errors, panics, deadlines and interruption: whatever was set last goes into state.
pub struct Slot<R: Resource> {
    content: Arc<Mutex<SlotContent<R>>>,
    operation: Arc<OpState>,
}

/// What a slot holds.
pub(crate) struct SlotContent<R: Resource> {
    pub(crate) state: Option<R::Model>,
    pub(crate) private: Option<R::Private>,
    pub(crate) irreversible: bool,
}

impl<R: Resource> Slot<R> {
    pub(crate) fn new(operation: Arc<OpState>) -> (Self, Arc<Mutex<SlotContent<R>>>) {
        let content = Arc::new(Mutex::new(SlotContent {
            state: None,
            private: None,
            irreversible: false,
        }));
        (
            Self {
                content: Arc::clone(&content),
                operation,
            },
            content,
        )
    }

    /// Records the object; call it after every step that core must know of. What is still unknown is stored as null if the operation fails.
    pub fn set(&mut self, state: R::Model) {
        lock(&self.content).state = Some(state);
    }

    /// Takes back what was recorded: the object does not exist after all, and a create that fails now leaves nothing in state.
    pub fn clear(&mut self) {
        lock(&self.content).state = None;
    }

    /// Records private state; without a call the planned one is stored.
    pub fn private(&mut self, private: R::Private) {
        lock(&self.content).private = Some(private);
    }

    /// The object recorded last.
    pub fn state(&self) -> Option<R::Model> {
        lock(&self.content).state.clone()
    }

    /// Says that the object exists for good: a create that fails after this ends with warnings, so that core does not taint and destroy it.
    ///
    /// Record in private state what is unfinished; the next plan calls `touch` and the update resumes.
    pub fn irreversible(&mut self) {
        lock(&self.content).irreversible = true;
    }

    /// Adds a warning.
    pub fn warn(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        lock(&self.operation.found).push(Diagnostic::warning(summary, detail));
    }
}
