//! One resource instance over its life.

use std::sync::Arc;

use super::core::over_the_wire;
use super::proposed::proposed;
use crate::author::Resource;
use crate::cty::{Path, Value, to_json};
use crate::diag::{Diagnostic, Diagnostics};
use crate::erased::{ApplyRequest, DynResource, Erased, PlanOutcome, PlanRequest, ReadOutcome};
use crate::model::TfValue;
use crate::plan::{applied, planned};
use crate::schema::Schema;
use crate::server::Shared;

/// What core would call a planned change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing happens.
    None,
    /// A new object.
    Create,
    /// A change in place.
    Update,
    /// Destroyed and created.
    Replace,
    /// Destroyed.
    Destroy,
}

/// A plan that core accepted.
pub struct Planned<R: Resource> {
    /// What core would call it.
    pub change: Change,
    /// The planned object; on destroy there is none.
    pub model: Option<R::Model>,
    /// Why it is replaced, when it is.
    pub replace: Vec<Path>,
    /// What users are told.
    pub warnings: Diagnostics,
    value: Value,
    private: Vec<u8>,
}

/// A broken rule of core, as a diagnostic that tests can tell from the provider's own.
pub(super) fn refused(rule: impl Into<String>) -> Diagnostic {
    Diagnostic::error("core would refuse this", rule)
}

/// One instance.
pub struct Object<R: Resource> {
    shared: Arc<Shared<R::Provider>>,
    resource: Erased<R>,
    state: Value,
    private: Vec<u8>,
    tainted: bool,
}

impl<R: Resource> Object<R> {
    pub(super) fn new(shared: Arc<Shared<R::Provider>>) -> Self {
        Self {
            shared,
            resource: Erased::new(),
            state: Value::Null,
            private: Vec::new(),
            tainted: false,
        }
    }

    /// What state holds.
    pub fn state(&self) -> Option<R::Model> {
        if self.state.is_null() {
            None
        } else {
            R::Model::decode(&self.state).ok()
        }
    }

    /// What lies beside it.
    pub fn private(&self) -> Option<R::Private> {
        crate::erased::unpack(&self.private).ok()
    }

    /// Whether the next plan replaces it because its creation failed.
    pub fn is_tainted(&self) -> bool {
        self.tainted
    }

    /// Puts an object into state as if an earlier run had made it.
    pub fn assume(&mut self, state: &R::Model, private: &R::Private) -> Result<(), Diagnostics> {
        self.state = over_the_wire(self.schema(), &state.encode())?;
        self.private = crate::erased::pack(private)?;
        Ok(())
    }

    fn schema(&self) -> &'static Schema {
        DynResource::schema(&self.resource)
    }

    /// Validates configuration.
    pub fn validate(&self, config: &R::Model) -> Result<Diagnostics, Diagnostics> {
        split(
            self.resource
                .validate(&over_the_wire(self.schema(), &config.encode())?),
        )
    }

    /// Refreshes state as a plan does first.
    pub async fn refresh(&mut self) -> Result<Diagnostics, Diagnostics> {
        if self.state.is_null() {
            return Ok(Diagnostics::new());
        }
        let stored = self
            .resource
            .upgrade(R::VERSION, to_json(&self.state).to_string().as_bytes())?;
        let ReadOutcome {
            state,
            private,
            found,
        } = self
            .resource
            .read(self.shared.start()?, stored, self.private.clone())
            .await;
        self.state = over_the_wire(self.schema(), &state)?;
        self.private = private;
        split(found)
    }

    /// Refreshes and plans; `None` plans the destruction.
    pub async fn plan(&mut self, config: Option<&R::Model>) -> Result<Planned<R>, Diagnostics> {
        let mut warnings = self.refresh().await?;
        if let Some(config) = config {
            warnings.extend(self.validate(config)?);
        }
        let mut planned = self.plan_only(config)?;
        warnings.extend(std::mem::take(&mut planned.warnings));
        planned.warnings = warnings;
        Ok(planned)
    }

    /// Plans against state as it is, without a refresh.
    pub fn plan_only(&self, config: Option<&R::Model>) -> Result<Planned<R>, Diagnostics> {
        let config = match config {
            Some(config) => over_the_wire(self.schema(), &config.encode())?,
            None => Value::Null,
        };
        if self.tainted && !config.is_null() {
            let mut planned = self.plan_once(&Value::Null, &config, &[])?;
            planned.change = Change::Replace;
            return Ok(planned);
        }
        let mut first = self.plan_once(&self.state, &config, &self.private)?;
        let changed: Vec<Path> = first
            .replace
            .iter()
            .filter(|path| differs(path, &self.state, &first.value))
            .cloned()
            .collect();
        if self.state.is_null() || config.is_null() || changed.is_empty() {
            first.replace.clear();
            return Ok(first);
        }
        let mut again = self.plan_once(&Value::Null, &config, &first.private)?;
        again.change = Change::Replace;
        again.replace = changed;
        Ok(again)
    }

    fn plan_once(
        &self,
        prior: &Value,
        config: &Value,
        private: &[u8],
    ) -> Result<Planned<R>, Diagnostics> {
        let proposal = if config.is_null() {
            Value::Null
        } else {
            proposed(self.schema(), prior, config)
        };
        let ask = || {
            let request = PlanRequest {
                prior: prior.clone(),
                proposed: proposal.clone(),
                config: config.clone(),
                private: private.to_vec(),
            };
            self.resource.plan(self.shared.data(), request)
        };
        let PlanOutcome {
            planned: value,
            replace,
            private,
            found,
        } = ask();
        let warnings = split(found)?;
        let again = ask();
        if again.planned != value || again.private != private {
            return Err(
                refused("two plans of the same change differ: planning is not pure").into(),
            );
        }
        let value = over_the_wire(self.schema(), &value)?;
        if !config.is_null() {
            broken(planned(self.schema(), prior, config, &value), "planned")?;
        }
        let change = match (prior, &value) {
            (Value::Null, _) => Change::Create,
            (_, Value::Null) => Change::Destroy,
            (prior, value) if prior == value => Change::None,
            _ => Change::Update,
        };
        let model = if value.is_null() {
            None
        } else {
            R::Model::decode(&value).ok()
        };
        Ok(Planned {
            change,
            model,
            replace,
            warnings,
            value,
            private,
        })
    }

    /// Refreshes, plans and applies; `None` destroys. Gives the plan with all warnings.
    pub async fn apply(&mut self, config: Option<&R::Model>) -> Result<Planned<R>, Diagnostics> {
        let mut planned = self.plan(config).await?;
        let warnings = self.apply_plan(config, &planned).await?;
        planned.warnings.extend(warnings);
        Ok(planned)
    }

    /// Applies an accepted plan; `config` may know more by now than it did then.
    pub async fn apply_plan(
        &mut self,
        config: Option<&R::Model>,
        plan: &Planned<R>,
    ) -> Result<Diagnostics, Diagnostics> {
        match plan.change {
            Change::None => {
                self.private.clone_from(&plan.private);
                Ok(Diagnostics::new())
            }
            Change::Destroy => {
                self.change(Value::Null, Value::Null, plan.private.clone())
                    .await
            }
            Change::Replace => {
                let mut warnings = self
                    .change(Value::Null, Value::Null, self.private.clone())
                    .await?;
                warnings.extend(self.settle(config, plan).await?);
                Ok(warnings)
            }
            Change::Create | Change::Update => self.settle(config, plan).await,
        }
    }

    /// Plans once more with what is known now, as core does, and applies that.
    async fn settle(
        &mut self,
        config: Option<&R::Model>,
        plan: &Planned<R>,
    ) -> Result<Diagnostics, Diagnostics> {
        let config = match config {
            Some(config) => over_the_wire(self.schema(), &config.encode())?,
            None => Value::Null,
        };
        let last = self.plan_once(&self.state, &config, &self.private)?;
        let completed = applied(&plan.value, &last.value.clone().unknown_to_null());
        let moved = completed
            .into_iter()
            .filter(|violation| !is_unknown_at(&violation.path, &last.value));
        broken(moved.collect(), "planned differently during apply")?;
        self.change(last.value, config, last.private).await
    }

    async fn change(
        &mut self,
        planned: Value,
        config: Value,
        private: Vec<u8>,
    ) -> Result<Diagnostics, Diagnostics> {
        let creating = self.state.is_null();
        let request = ApplyRequest {
            prior: self.state.clone(),
            planned: planned.clone(),
            config,
            private,
        };
        let outcome = self.resource.apply(self.shared.start()?, request).await;
        let failed = outcome.found.has_errors();
        self.state = over_the_wire(self.schema(), &outcome.state)?;
        self.private = outcome.private;
        self.tainted = failed && creating && !self.state.is_null();
        let warnings = split(outcome.found)?;
        if !planned.is_null() {
            broken(applied(&planned, &self.state), "returned")?;
        } else if !self.state.is_null() {
            return Err(refused("the object is still there after its destruction").into());
        }
        Ok(warnings)
    }

    /// Imports by id, then refreshes.
    pub async fn import(&mut self, id: &str) -> Result<Diagnostics, Diagnostics> {
        let ReadOutcome {
            state,
            private,
            found,
        } = self
            .resource
            .import(self.shared.start()?, id.to_owned())
            .await;
        let mut warnings = split(found)?;
        self.state = over_the_wire(self.schema(), &state)?;
        self.private = private;
        warnings.extend(self.refresh().await?);
        if self.state.is_null() {
            return Err(refused("the imported object does not exist").into());
        }
        Ok(warnings)
    }

    /// Takes over the state of another type, then refreshes.
    pub async fn take_over(
        &mut self,
        address: &str,
        type_name: &str,
        state: &serde_json::Value,
    ) -> Result<Diagnostics, Diagnostics> {
        let (state, private) =
            self.resource
                .take_over(address, type_name, state.to_string().as_bytes())?;
        self.state = over_the_wire(self.schema(), &state)?;
        self.private = private;
        self.refresh().await
    }
}

fn split(found: Diagnostics) -> Result<Diagnostics, Diagnostics> {
    if found.has_errors() {
        Err(found)
    } else {
        Ok(found)
    }
}

fn broken(found: Vec<crate::plan::Violation>, when: &str) -> Result<(), Diagnostics> {
    let told: Diagnostics = found
        .into_iter()
        .map(|violation| refused(format!("{when}: {}", violation.rule)).at(violation.path))
        .collect();
    if told.is_empty() { Ok(()) } else { Err(told) }
}

fn lookup<'v>(path: &Path, value: &'v Value) -> &'v Value {
    use crate::cty::Step;
    path.0
        .iter()
        .fold(value, |value, step| match (step, value) {
            (Step::Attribute(name) | Step::Key(name), value) => value.get(name),
            (Step::Index(index), Value::List(items)) => usize::try_from(*index)
                .ok()
                .and_then(|index| items.get(index))
                .unwrap_or(&Value::Null),
            _ => &Value::Null,
        })
}

fn differs(path: &Path, before: &Value, after: &Value) -> bool {
    lookup(path, before) != lookup(path, after)
}

fn is_unknown_at(path: &Path, value: &Value) -> bool {
    lookup(path, value).is_unknown()
}
