//! What a resource's plan function sees and changes.

use super::{Provider, Resource};
use crate::cty::{Path, Value};
use crate::diag::{Diagnostic, Diagnostics};
use crate::model::TfValue;
use crate::plan::force_update;
use crate::schema::Schema;

/// What core intends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// There is no prior object.
    Create,
    /// There is one, and configuration for it. It may turn out that nothing changes.
    Update,
    /// There is no configuration any more.
    Destroy,
}

/// What a plan function may know of the world: nothing that could differ between two calls.
pub struct PlanCx<R: Resource> {
    pub(crate) data: Option<<R::Provider as Provider>::Data>,
}

impl<R: Resource> PlanCx<R> {
    /// The provider's data, once it is configured.
    pub fn provider(&self) -> Option<&<R::Provider as Provider>::Data> {
        self.data.as_ref()
    }
}

/// One planned change.
pub struct Plan<R: Resource> {
    /// What core intends.
    pub action: Action,
    /// What the user wrote; parts may be unknown, write-only values are here. On destroy: the prior object.
    pub config: R::Model,
    /// The object as the last refresh saw it.
    pub prior: Option<R::Model>,
    /// The object as it shall be; change it freely within core's rules. Ignored on destroy.
    pub proposed: R::Model,
    /// Private state of the prior object.
    pub prior_private: R::Private,
    /// Private state that apply will see; starts as the prior one.
    pub private: R::Private,
    pub(crate) replace: Vec<Path>,
    pub(crate) found: Diagnostics,
    pub(crate) raw: RawPlan,
}

/// The untyped values behind a [`Plan`].
pub(crate) struct RawPlan {
    pub(crate) schema: &'static Schema,
    pub(crate) prior: Value,
    pub(crate) config: Value,
}

impl<R: Resource> Plan<R> {
    /// Makes core destroy and create the object because of this place. Core drops places that do not change.
    pub fn replace(&mut self, path: impl Into<Path>) {
        let path = path.into();
        if !self.replace.contains(&path) {
            self.replace.push(path);
        }
    }

    /// Makes every computed value that is not kept unknown, so that core plans an update although configuration did not change.
    ///
    /// For what core cannot see: drift that shall be reverted, a changed write-only value, unfinished work.
    pub fn touch(&mut self) {
        let mut proposed = self.proposed.encode();
        force_update(
            self.raw.schema,
            &self.raw.prior,
            &mut proposed,
            &self.raw.config,
        );
        // The value came from this very model: it reads back.
        if let Ok(proposed) = R::Model::decode(&proposed) {
            self.proposed = proposed;
        }
    }

    /// Whether a part of the object changes; on create everything does.
    pub fn changed<T: PartialEq>(&self, part: impl Fn(&R::Model) -> &T) -> bool {
        self.prior
            .as_ref()
            .is_none_or(|prior| part(prior) != part(&self.proposed))
    }

    /// Whether anything in the object changes.
    pub fn changes(&self) -> bool {
        self.prior
            .as_ref()
            .is_none_or(|prior| prior.encode() != self.proposed.encode())
    }

    /// Whether there is no prior object.
    pub fn is_create(&self) -> bool {
        self.action == Action::Create
    }

    /// Whether an object stays, changed or not.
    pub fn is_update(&self) -> bool {
        self.action == Action::Update
    }

    /// Whether the object goes.
    pub fn is_destroy(&self) -> bool {
        self.action == Action::Destroy
    }

    /// Adds a warning.
    pub fn warn(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.found.push(Diagnostic::warning(summary, detail));
    }

    /// Adds a warning about one place.
    pub fn warn_at(
        &mut self,
        path: impl Into<Path>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.found
            .push(Diagnostic::warning(summary, detail).at(path));
    }

    /// Refuses the plan.
    pub fn error(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.found.push(Diagnostic::error(summary, detail));
    }

    /// Refuses the plan because of one place.
    pub fn error_at(
        &mut self,
        path: impl Into<Path>,
        summary: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.found.push(Diagnostic::error(summary, detail).at(path));
    }
}
