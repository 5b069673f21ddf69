//! RPCs of ephemeral resources.

use std::sync::Arc;
use std::time::SystemTime;

use proto_tfplugin::tfplugin6 as proto;

use super::shared::{Lease, Shared};
use super::wire;
use crate::author::Provider;
use crate::diag::Diagnostics;
use crate::erased::{DynEphemeral, Opening, Renewal};

fn ephemeral<'s, P: Provider>(
    shared: &'s Shared<P>,
    name: &str,
) -> Result<&'s dyn DynEphemeral<P>, Diagnostics> {
    tracing::Span::current().record("tf_resource_type", name);
    let found = shared
        .registry
        .types
        .ephemerals
        .get(name)
        .map(|ephemeral| &**ephemeral);
    found.ok_or_else(|| wire::no_such_type("ephemeral resource", name))
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    time.into()
}

pub(super) async fn validate<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::validate_ephemeral_resource_config::Request,
) -> proto::validate_ephemeral_resource_config::Response {
    let checked = ephemeral(&shared, &request.type_name).and_then(|kind| {
        Ok(kind.validate(&wire::value(request.config.as_ref(), &kind.schema().ty)?))
    });
    let found = checked.unwrap_or_else(|found| found);
    proto::validate_ephemeral_resource_config::Response {
        diagnostics: wire::diagnostics(found),
    }
}

pub(super) async fn open<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::open_ephemeral_resource::Request,
) -> proto::open_ephemeral_resource::Response {
    let begun = ephemeral(&shared, &request.type_name).and_then(|kind| {
        let config = wire::value(request.config.as_ref(), &kind.schema().ty)?;
        Ok((kind.open(shared.start()?, config), kind.schema()))
    });
    match begun {
        Ok((opening, schema)) => {
            let Opening {
                value,
                lease,
                renew_at,
                mut found,
            } = opening.await;
            let result = wire::dynamic(&value, &schema.ty, &mut found);
            if !found.has_errors() {
                shared.opened(Lease {
                    type_name: request.type_name,
                    lease: lease.clone(),
                });
            }
            proto::open_ephemeral_resource::Response {
                result,
                private: Some(lease),
                renew_at: renew_at.map(timestamp),
                diagnostics: wire::diagnostics(found),
                deferred: None,
            }
        }
        Err(found) => proto::open_ephemeral_resource::Response {
            diagnostics: wire::diagnostics(found),
            ..Default::default()
        },
    }
}

pub(super) async fn renew<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::renew_ephemeral_resource::Request,
) -> proto::renew_ephemeral_resource::Response {
    let lease = request.private.unwrap_or_default();
    let begun = ephemeral(&shared, &request.type_name)
        .and_then(|kind| Ok(kind.renew(shared.start()?, lease.clone())));
    match begun {
        Ok(renewing) => {
            let Renewal {
                lease,
                renew_at,
                found,
            } = renewing.await;
            proto::renew_ephemeral_resource::Response {
                private: Some(lease),
                renew_at: renew_at.map(timestamp),
                diagnostics: wire::diagnostics(found),
            }
        }
        Err(found) => proto::renew_ephemeral_resource::Response {
            private: Some(lease),
            renew_at: None,
            diagnostics: wire::diagnostics(found),
        },
    }
}

pub(super) async fn close<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::close_ephemeral_resource::Request,
) -> proto::close_ephemeral_resource::Response {
    let lease = Lease {
        type_name: request.type_name,
        lease: request.private.unwrap_or_default(),
    };
    shared.closed(&lease);
    let begun = ephemeral(&shared, &lease.type_name)
        .and_then(|kind| Ok(kind.close(shared.start()?, lease.lease.clone())));
    let found = match begun {
        Ok(closing) => closing.await,
        Err(found) => found,
    };
    proto::close_ephemeral_resource::Response {
        diagnostics: wire::diagnostics(found),
    }
}
