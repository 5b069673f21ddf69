//! RPCs of managed resources.

use std::sync::Arc;

use proto_tfplugin::tfplugin6 as proto;

use super::shared::Shared;
use super::wire;
use crate::author::Provider;
use crate::cty::Value;
use crate::diag::Diagnostics;
use crate::erased::{
    ApplyOutcome, ApplyRequest, DynResource, PlanRequest, identity_type, refuse_write_only,
};

fn resource<'s, P: Provider>(
    shared: &'s Shared<P>,
    name: &str,
) -> Result<&'s dyn DynResource<P>, Diagnostics> {
    tracing::Span::current().record("tf_resource_type", name);
    let found = shared
        .registry
        .types
        .resources
        .get(name)
        .map(|resource| &**resource);
    found.ok_or_else(|| wire::no_such_type("resource", name))
}

pub(super) async fn validate<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::validate_resource_config::Request,
) -> proto::validate_resource_config::Response {
    let write_only_allowed = request
        .client_capabilities
        .is_some_and(|client| client.write_only_attributes_allowed);
    let checked = resource(&shared, &request.type_name).and_then(|resource| {
        let config = wire::value(request.config.as_ref(), &resource.schema().ty)?;
        let mut found = resource.validate(&config);
        if !write_only_allowed {
            found.extend(refuse_write_only(resource.schema(), &config));
        }
        Ok(found)
    });
    let found = checked.unwrap_or_else(|found| found);
    proto::validate_resource_config::Response {
        diagnostics: wire::diagnostics(found),
    }
}

pub(super) async fn upgrade<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::upgrade_resource_state::Request,
) -> proto::upgrade_resource_state::Response {
    let mut found = Diagnostics::new();
    let upgraded = resource(&shared, &request.type_name).and_then(|resource| {
        let raw = request.raw_state.map(|raw| raw.json).unwrap_or_default();
        Ok((resource.upgrade(request.version, &raw)?, resource.schema()))
    });
    let upgraded_state = match upgraded {
        Ok((state, schema)) => wire::dynamic(&state, &schema.ty, &mut found),
        Err(failure) => {
            found.extend(failure);
            None
        }
    };
    proto::upgrade_resource_state::Response {
        upgraded_state,
        diagnostics: wire::diagnostics(found),
    }
}

/// There is one version of each identity: stored ones are read as they are.
pub(super) async fn upgrade_identity<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::upgrade_resource_identity::Request,
) -> proto::upgrade_resource_identity::Response {
    let upgraded = resource(&shared, &request.type_name).and_then(|resource| {
        let ty = identity_type(&resource.identity_schema());
        let raw = request.raw_identity.map(|raw| raw.json).unwrap_or_default();
        let stored = proto::DynamicValue {
            msgpack: Vec::new(),
            json: raw,
        };
        let value = wire::value(Some(&stored), &ty)?;
        Ok(wire::identity(Some(&value), &ty))
    });
    let (upgraded_identity, found) = match upgraded {
        Ok(identity) => (identity, Diagnostics::new()),
        Err(found) => (None, found),
    };
    proto::upgrade_resource_identity::Response {
        upgraded_identity,
        diagnostics: wire::diagnostics(found),
    }
}

/// The identity of an object as the wire carries it; what core knew before where it cannot be told.
fn identity_of<P: Provider>(
    resource: &dyn DynResource<P>,
    state: &Value,
    known: Option<proto::ResourceIdentityData>,
) -> Option<proto::ResourceIdentityData> {
    let attributes = resource.identity_schema();
    if attributes.is_empty() || state.is_null() {
        return None;
    }
    wire::identity(
        resource.identity(state).as_ref(),
        &identity_type(&attributes),
    )
    .or(known)
}

pub(super) async fn read<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::read_resource::Request,
) -> proto::read_resource::Response {
    let begun = resource(&shared, &request.type_name).and_then(|resource| {
        let state = wire::value(request.current_state.as_ref(), &resource.schema().ty)?;
        let reading = resource.read(shared.start()?, state, request.private.clone());
        Ok((reading, resource))
    });
    match begun {
        Ok((reading, resource)) => {
            let ApplyOutcome {
                state,
                private,
                mut found,
            } = reading.await;
            proto::read_resource::Response {
                new_state: wire::dynamic(&state, &resource.schema().ty, &mut found),
                new_identity: identity_of(resource, &state, request.current_identity),
                private,
                diagnostics: wire::diagnostics(found),
                deferred: None,
            }
        }
        Err(found) => proto::read_resource::Response {
            new_state: request.current_state,
            private: request.private,
            new_identity: request.current_identity,
            diagnostics: wire::diagnostics(found),
            deferred: None,
        },
    }
}

pub(super) async fn plan<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::plan_resource_change::Request,
) -> proto::plan_resource_change::Response {
    let planned = resource(&shared, &request.type_name).and_then(|resource| {
        let ty = &resource.schema().ty;
        let plan = PlanRequest {
            prior: wire::value(request.prior_state.as_ref(), ty)?,
            proposed: wire::value(request.proposed_new_state.as_ref(), ty)?,
            config: wire::value(request.config.as_ref(), ty)?,
            private: request.prior_private,
        };
        // During apply core plans once more, and lets providers defer then: the look has been had.
        let is_review = !request
            .client_capabilities
            .as_ref()
            .is_some_and(|client| client.deferral_allowed);
        let creates = plan.prior.is_null() && !plan.proposed.is_null();
        let config = (is_review && creates).then(|| plan.config.clone());
        // A new object, a replacing one too, gets its identity when it is there.
        let identity = request.prior_identity.filter(|_| !plan.prior.is_null());
        let outcome = resource.plan(shared.data(), plan);
        Ok((resource, outcome, config, identity))
    });
    match planned {
        Ok((resource, mut outcome, config, planned_identity)) => {
            if let (Some(config), Some(data), false) =
                (config, shared.data(), outcome.found.has_errors())
            {
                outcome.found.extend(resource.preview(data, config).await);
            }
            proto::plan_resource_change::Response {
                planned_state: wire::dynamic(
                    &outcome.planned,
                    &resource.schema().ty,
                    &mut outcome.found,
                ),
                planned_identity,
                requires_replace: outcome.replace.iter().map(wire::path).collect(),
                planned_private: outcome.private,
                diagnostics: wire::diagnostics(outcome.found),
                ..Default::default()
            }
        }
        Err(found) => proto::plan_resource_change::Response {
            planned_state: request.proposed_new_state,
            diagnostics: wire::diagnostics(found),
            ..Default::default()
        },
    }
}

pub(super) async fn apply<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::apply_resource_change::Request,
) -> proto::apply_resource_change::Response {
    let begun = resource(&shared, &request.type_name).and_then(|resource| {
        let ty = &resource.schema().ty;
        let apply = ApplyRequest {
            prior: wire::value(request.prior_state.as_ref(), ty)?,
            planned: wire::value(request.planned_state.as_ref(), ty)?,
            config: wire::value(request.config.as_ref(), ty)?,
            private: request.planned_private.clone(),
        };
        Ok((resource.apply(shared.start()?, apply), resource))
    });
    match begun {
        Ok((applying, resource)) => {
            let ApplyOutcome {
                state,
                private,
                mut found,
            } = applying.await;
            proto::apply_resource_change::Response {
                new_state: wire::dynamic(&state, &resource.schema().ty, &mut found),
                new_identity: identity_of(resource, &state, request.planned_identity),
                private,
                diagnostics: wire::diagnostics(found),
                legacy_type_system: false,
            }
        }
        Err(found) => proto::apply_resource_change::Response {
            new_state: request.prior_state,
            private: request.planned_private,
            new_identity: request.planned_identity,
            diagnostics: wire::diagnostics(found),
            ..Default::default()
        },
    }
}

/// The id to import: as written, or as the identity stands for it.
fn import_id<P: Provider>(
    resource: &dyn DynResource<P>,
    id: String,
    identity: Option<&proto::ResourceIdentityData>,
) -> Result<String, Diagnostics> {
    if !id.is_empty() {
        return Ok(id);
    }
    let ty = identity_type(&resource.identity_schema());
    let identity = wire::value(identity.and_then(|data| data.identity_data.as_ref()), &ty)?;
    resource.import_id(&identity)
}

pub(super) async fn import<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::import_resource_state::Request,
) -> proto::import_resource_state::Response {
    let begun = resource(&shared, &request.type_name).and_then(|resource| {
        let id = import_id(resource, request.id, request.identity.as_ref())?;
        Ok((resource.import(shared.start()?, id), resource))
    });
    let (imported_resources, found) = match begun {
        Ok((importing, resource)) => {
            let ApplyOutcome {
                state,
                private,
                mut found,
            } = importing.await;
            let object = proto::import_resource_state::ImportedResource {
                type_name: request.type_name,
                identity: identity_of(resource, &state, request.identity),
                state: wire::dynamic(&state, &resource.schema().ty, &mut found),
                private,
            };
            let objects = if found.has_errors() {
                Vec::new()
            } else {
                vec![object]
            };
            (objects, found)
        }
        Err(found) => (Vec::new(), found),
    };
    proto::import_resource_state::Response {
        imported_resources,
        diagnostics: wire::diagnostics(found),
        deferred: None,
    }
}

pub(super) async fn take_over<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::move_resource_state::Request,
) -> proto::move_resource_state::Response {
    let mut found = Diagnostics::new();
    let moved = resource(&shared, &request.target_type_name).and_then(|resource| {
        let raw = request.source_state.map(|raw| raw.json).unwrap_or_default();
        let moved = resource.take_over(
            &request.source_provider_address,
            &request.source_type_name,
            &raw,
        )?;
        Ok((moved, resource))
    });
    let mut response = proto::move_resource_state::Response::default();
    match moved {
        Ok(((state, private), resource)) => {
            response.target_state = wire::dynamic(&state, &resource.schema().ty, &mut found);
            response.target_identity = identity_of(resource, &state, None);
            response.target_private = private;
        }
        Err(failure) => found.extend(failure),
    }
    response.diagnostics = wire::diagnostics(found);
    response
}
