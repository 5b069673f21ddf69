//! Managed resources on plain values.

use super::{Boxed, Erased, Start, apply, convert, identity, observe, plan};
use crate::author::{IdentityAttribute, Provider, Resource};
use crate::cty::{Path, Value};
use crate::diag::Diagnostics;
use crate::model::Model;
use crate::operation::guarded;
use crate::schema::Schema;

/// What core sends for a plan.
pub(crate) struct PlanRequest {
    pub(crate) prior: Value,
    pub(crate) proposed: Value,
    pub(crate) config: Value,
    pub(crate) private: Vec<u8>,
}

/// The plan.
pub(crate) struct PlanOutcome {
    pub(crate) planned: Value,
    pub(crate) replace: Vec<Path>,
    pub(crate) private: Vec<u8>,
    pub(crate) found: Diagnostics,
}

/// What core sends to apply a plan.
pub(crate) struct ApplyRequest {
    pub(crate) prior: Value,
    pub(crate) planned: Value,
    pub(crate) config: Value,
    pub(crate) private: Vec<u8>,
}

/// The object afterwards, null when there is none.
pub(crate) struct ApplyOutcome {
    pub(crate) state: Value,
    pub(crate) private: Vec<u8>,
    pub(crate) found: Diagnostics,
}

/// The object as a refresh or an import found it.
pub(crate) type ReadOutcome = ApplyOutcome;

/// A managed resource on plain values.
pub(crate) trait DynResource<P: Provider>: Send + Sync {
    fn schema(&self) -> &'static Schema;
    fn has_movers(&self) -> bool;
    fn identity_schema(&self) -> Vec<IdentityAttribute>;
    fn identity(&self, state: &Value) -> Option<Value>;
    fn import_id(&self, identity: &Value) -> Result<String, Diagnostics>;
    fn validate(&self, config: &Value) -> Diagnostics;
    fn plan(&self, data: Option<P::Data>, request: PlanRequest) -> PlanOutcome;
    fn preview(&self, data: P::Data, config: Value) -> Boxed<Diagnostics>;
    fn apply(&self, start: Start<P>, request: ApplyRequest) -> Boxed<ApplyOutcome>;
    fn read(&self, start: Start<P>, state: Value, private: Vec<u8>) -> Boxed<ReadOutcome>;
    fn import(&self, start: Start<P>, id: String) -> Boxed<ReadOutcome>;
    fn upgrade(&self, version: i64, raw: &[u8]) -> Result<Value, Diagnostics>;
    fn take_over(
        &self,
        address: &str,
        type_name: &str,
        raw: &[u8],
    ) -> Result<(Value, Vec<u8>), Diagnostics>;
}

impl<R: Resource> DynResource<R::Provider> for Erased<R> {
    fn schema(&self) -> &'static Schema {
        self.schema_or(|| Schema::new(R::VERSION, R::Model::DESCRIPTION, R::Model::attributes()))
    }

    fn has_movers(&self) -> bool {
        !R::movers().is_empty()
    }

    fn identity_schema(&self) -> Vec<IdentityAttribute> {
        R::identity_attributes()
    }

    fn identity(&self, state: &Value) -> Option<Value> {
        guarded(|| identity::of::<R>(state)).ok()?
    }

    fn import_id(&self, identity: &Value) -> Result<String, Diagnostics> {
        guarded(|| identity::import_id::<R>(identity))?
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let schema = DynResource::schema(self);
        let checked = guarded(|| {
            let model = match convert::decode_config::<R::Model>(schema, config) {
                Ok(model) => model,
                Err(found) => return found,
            };
            let mut found = Diagnostics::new();
            R::validate(&model, &mut found);
            found
        });
        checked.unwrap_or_else(|found| found)
    }

    fn plan(
        &self,
        data: Option<<R::Provider as Provider>::Data>,
        request: PlanRequest,
    ) -> PlanOutcome {
        plan::plan::<R>(DynResource::schema(self), data, request)
    }

    fn preview(&self, data: <R::Provider as Provider>::Data, config: Value) -> Boxed<Diagnostics> {
        Box::pin(plan::preview::<R>(data, config))
    }

    fn apply(&self, start: Start<R::Provider>, request: ApplyRequest) -> Boxed<ApplyOutcome> {
        Box::pin(apply::apply::<R>(DynResource::schema(self), start, request))
    }

    fn read(
        &self,
        start: Start<R::Provider>,
        state: Value,
        private: Vec<u8>,
    ) -> Boxed<ReadOutcome> {
        Box::pin(observe::read::<R>(
            DynResource::schema(self),
            start,
            state,
            private,
        ))
    }

    fn import(&self, start: Start<R::Provider>, id: String) -> Boxed<ReadOutcome> {
        Box::pin(observe::import::<R>(DynResource::schema(self), start, id))
    }

    fn upgrade(&self, version: i64, raw: &[u8]) -> Result<Value, Diagnostics> {
        guarded(|| observe::upgrade::<R>(DynResource::schema(self), version, raw))?
    }

    fn take_over(
        &self,
        address: &str,
        type_name: &str,
        raw: &[u8],
    ) -> Result<(Value, Vec<u8>), Diagnostics> {
        guarded(|| observe::take_over::<R>(DynResource::schema(self), address, type_name, raw))?
    }
}
