//! The provider's own RPCs.

use std::sync::Arc;

use proto_tfplugin::tfplugin6 as proto;

use super::shared::Shared;
use super::{functions, wire};
use crate::author::{ConfigureCx, IdentityAttribute, Provider};
use crate::cty::Type;
use crate::diag::Diagnostics;
use crate::erased::decode_config;
use crate::operation::{guarded, lock};
use crate::schema::{block_to_wire, type_json};

fn capabilities<P: Provider>(shared: &Shared<P>) -> proto::ServerCapabilities {
    proto::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: shared
            .registry
            .types
            .resources
            .values()
            .any(|resource| resource.has_movers()),
        generate_resource_config: false,
    }
}

pub(super) async fn metadata<P: Provider>(
    shared: Arc<Shared<P>>,
    _: proto::get_metadata::Request,
) -> proto::get_metadata::Response {
    use proto::get_metadata::{FunctionName, TypeName};
    let types = &shared.registry.types;
    let names = |names: Vec<&&'static str>| {
        names
            .into_iter()
            .map(|name| TypeName {
                type_name: (*name).to_owned(),
            })
            .collect()
    };
    proto::get_metadata::Response {
        server_capabilities: Some(capabilities(&shared)),
        resources: names(types.resources.keys().collect()),
        data_sources: names(types.data_sources.keys().collect()),
        ephemeral_resources: names(types.ephemerals.keys().collect()),
        functions: types
            .functions
            .keys()
            .map(|name| FunctionName {
                name: (*name).to_owned(),
            })
            .collect(),
        ..Default::default()
    }
}

pub(super) async fn schema<P: Provider>(
    shared: Arc<Shared<P>>,
    _: proto::get_provider_schema::Request,
) -> proto::get_provider_schema::Response {
    let types = &shared.registry.types;
    proto::get_provider_schema::Response {
        provider: Some(block_to_wire(&shared.config)),
        resource_schemas: types
            .resources
            .iter()
            .map(|(name, ty)| ((*name).to_owned(), block_to_wire(ty.schema())))
            .collect(),
        data_source_schemas: types
            .data_sources
            .iter()
            .map(|(name, ty)| ((*name).to_owned(), block_to_wire(ty.schema())))
            .collect(),
        ephemeral_resource_schemas: types
            .ephemerals
            .iter()
            .map(|(name, ty)| ((*name).to_owned(), block_to_wire(ty.schema())))
            .collect(),
        functions: functions::schemas(&shared),
        server_capabilities: Some(capabilities(&shared)),
        ..Default::default()
    }
}

pub(super) async fn identity_schemas<P: Provider>(
    shared: Arc<Shared<P>>,
    _: proto::get_resource_identity_schemas::Request,
) -> proto::get_resource_identity_schemas::Response {
    let types = shared.registry.types.resources.iter();
    let schemas = types.filter_map(|(name, resource)| {
        let attributes = resource.identity_schema();
        (!attributes.is_empty()).then(|| ((*name).to_owned(), identity_schema(&attributes)))
    });
    proto::get_resource_identity_schemas::Response {
        identity_schemas: schemas.collect(),
        diagnostics: Vec::new(),
    }
}

fn identity_schema(attributes: &[IdentityAttribute]) -> proto::ResourceIdentitySchema {
    use proto::resource_identity_schema::IdentityAttribute as Wire;
    let attribute = |from: &IdentityAttribute| Wire {
        name: from.name.to_owned(),
        r#type: type_json(&Type::String),
        required_for_import: from.required,
        optional_for_import: !from.required,
        description: from.description.to_owned(),
    };
    proto::ResourceIdentitySchema {
        version: 0,
        identity_attributes: attributes.iter().map(attribute).collect(),
    }
}

pub(super) async fn validate<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::validate_provider_config::Request,
) -> proto::validate_provider_config::Response {
    let checked = read_config(&shared, request.config.as_ref()).and_then(|config| {
        guarded(|| {
            let mut found = Diagnostics::new();
            P::validate(&config, &mut found);
            found
        })
    });
    let found = checked.unwrap_or_else(|found| found);
    proto::validate_provider_config::Response {
        diagnostics: wire::diagnostics(found),
    }
}

fn read_config<P: Provider>(
    shared: &Shared<P>,
    config: Option<&proto::DynamicValue>,
) -> Result<P::Config, Diagnostics> {
    let value = wire::value(config, &shared.config.ty)?;
    // A provider without a block is sent as null by some hosts.
    let value = if value.is_null() {
        shared.config.null_object()
    } else {
        value
    };
    guarded(|| decode_config(&shared.config, &value))?
}

pub(super) async fn configure<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::configure_provider::Request,
) -> proto::configure_provider::Response {
    let cx = ConfigureCx {
        terraform_version: request.terraform_version,
        ..Default::default()
    };
    let ended = read_config(&shared, request.config.as_ref())
        .and_then(|config| guarded(|| P::configure(&cx, config).map_err(Diagnostics::from))?);
    let mut found = std::mem::take(&mut *lock(&cx.found));
    match ended {
        Ok(data) => shared.configured(data),
        Err(failure) => found.extend(failure),
    }
    proto::configure_provider::Response {
        diagnostics: wire::diagnostics(found),
    }
}

/// Running operations end soon and answer for themselves; the service goes on.
pub(super) async fn stop<P: Provider>(
    shared: Arc<Shared<P>>,
    _: proto::stop_provider::Request,
) -> proto::stop_provider::Response {
    shared.stop();
    Default::default()
}
