//! RPCs of managed resources.

use std::sync::Arc;

use proto_tfplugin::tfplugin6 as proto;

use super::shared::Shared;
use super::wire;
use crate::author::Provider;
use crate::diag::{Diagnostic, Diagnostics};
use crate::erased::{ApplyOutcome, ApplyRequest, DynResource, PlanRequest, refuse_write_only};

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

/// Core never has an identity of ours to upgrade.
pub(super) async fn upgrade_identity<P: Provider>(
    _: Arc<Shared<P>>,
    request: proto::upgrade_resource_identity::Request,
) -> proto::upgrade_resource_identity::Response {
    let name = request.type_name;
    let found = Diagnostic::error(
        format!("TS-IDENTITY {name} has no identity"),
        "State holds an identity that this version of the provider does not know.",
    );
    proto::upgrade_resource_identity::Response {
        upgraded_identity: None,
        diagnostics: wire::diagnostics(found.into()),
    }
}

pub(super) async fn read<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::read_resource::Request,
) -> proto::read_resource::Response {
    let begun = resource(&shared, &request.type_name).and_then(|resource| {
        let state = wire::value(request.current_state.as_ref(), &resource.schema().ty)?;
        Ok((
            resource.read(shared.start()?, state, request.private.clone()),
            resource.schema(),
        ))
    });
    match begun {
        Ok((reading, schema)) => {
            let ApplyOutcome {
                state,
                private,
                mut found,
            } = reading.await;
            let new_state = wire::dynamic(&state, &schema.ty, &mut found);
            proto::read_resource::Response {
                new_state,
                private,
                diagnostics: wire::diagnostics(found),
                ..Default::default()
            }
        }
        Err(found) => proto::read_resource::Response {
            new_state: request.current_state,
            private: request.private,
            diagnostics: wire::diagnostics(found),
            ..Default::default()
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
        Ok((resource, resource.plan(shared.data(), plan), config, ty))
    });
    match planned {
        Ok((resource, mut outcome, config, ty)) => {
            if let (Some(config), Some(data), false) =
                (config, shared.data(), outcome.found.has_errors())
            {
                outcome.found.extend(resource.preview(data, config).await);
            }
            proto::plan_resource_change::Response {
                planned_state: wire::dynamic(&outcome.planned, ty, &mut outcome.found),
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
        Ok((resource.apply(shared.start()?, apply), ty))
    });
    match begun {
        Ok((applying, ty)) => {
            let ApplyOutcome {
                state,
                private,
                mut found,
            } = applying.await;
            let new_state = wire::dynamic(&state, ty, &mut found);
            proto::apply_resource_change::Response {
                new_state,
                private,
                diagnostics: wire::diagnostics(found),
                ..Default::default()
            }
        }
        Err(found) => proto::apply_resource_change::Response {
            new_state: request.prior_state,
            private: request.planned_private,
            diagnostics: wire::diagnostics(found),
            ..Default::default()
        },
    }
}

pub(super) async fn import<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::import_resource_state::Request,
) -> proto::import_resource_state::Response {
    let begun = resource(&shared, &request.type_name).and_then(|resource| {
        if request.id.is_empty() {
            return Err(Diagnostic::error(
                format!("TS-IMPORT-ID {} is imported by id", request.type_name),
                "It has no identity to import by. Write the id that its documentation describes.",
            )
            .into());
        }
        Ok((
            resource.import(shared.start()?, request.id.clone()),
            resource.schema(),
        ))
    });
    let (imported_resources, found) = match begun {
        Ok((importing, schema)) => {
            let ApplyOutcome {
                state,
                private,
                mut found,
            } = importing.await;
            let state = wire::dynamic(&state, &schema.ty, &mut found);
            let object = proto::import_resource_state::ImportedResource {
                type_name: request.type_name,
                state,
                private,
                identity: None,
            };
            (
                if found.has_errors() {
                    Vec::new()
                } else {
                    vec![object]
                },
                found,
            )
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
        Ok((moved, resource.schema()))
    });
    let (target_state, target_private) = match moved {
        Ok(((state, private), schema)) => (wire::dynamic(&state, &schema.ty, &mut found), private),
        Err(failure) => {
            found.extend(failure);
            (None, Vec::new())
        }
    };
    proto::move_resource_state::Response {
        target_state,
        target_private,
        diagnostics: wire::diagnostics(found),
        target_identity: None,
    }
}
