//! RPCs of data sources.

use std::sync::Arc;

use proto_tfplugin::tfplugin6 as proto;

use super::shared::Shared;
use super::wire;
use crate::author::Provider;
use crate::diag::Diagnostics;
use crate::erased::DynDataSource;

fn data_source<'s, P: Provider>(
    shared: &'s Shared<P>,
    name: &str,
) -> Result<&'s dyn DynDataSource<P>, Diagnostics> {
    tracing::Span::current().record("tf_resource_type", name);
    let found = shared
        .registry
        .types
        .data_sources
        .get(name)
        .map(|source| &**source);
    found.ok_or_else(|| wire::no_such_type("data source", name))
}

pub(super) async fn validate<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::validate_data_resource_config::Request,
) -> proto::validate_data_resource_config::Response {
    let checked = data_source(&shared, &request.type_name).and_then(|source| {
        Ok(source.validate(&wire::value(request.config.as_ref(), &source.schema().ty)?))
    });
    let found = checked.unwrap_or_else(|found| found);
    proto::validate_data_resource_config::Response {
        diagnostics: wire::diagnostics(found),
    }
}

pub(super) async fn read<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::read_data_source::Request,
) -> proto::read_data_source::Response {
    let begun = data_source(&shared, &request.type_name).and_then(|source| {
        let config = wire::value(request.config.as_ref(), &source.schema().ty)?;
        Ok((source.read(shared.start()?, config), source.schema()))
    });
    let (state, found) = match begun {
        Ok((reading, schema)) => {
            let (value, mut found) = reading.await;
            (wire::dynamic(&value, &schema.ty, &mut found), found)
        }
        Err(found) => (None, found),
    };
    proto::read_data_source::Response {
        state,
        diagnostics: wire::diagnostics(found),
        deferred: None,
    }
}
