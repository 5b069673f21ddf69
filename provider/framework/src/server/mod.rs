//! The RPCs of protocol 6.11: each decodes, asks the type it names, and encodes.
//!
//! Failures of the provider are diagnostics, never gRPC statuses: with a status core forgets the object an apply made.
//! What is not here (lists, actions, state stores, generated configuration) answers Unimplemented by the bindings' default.

mod data_sources;
mod ephemerals;
mod functions;
mod provider;
mod resources;
mod shared;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proto_tfplugin::tfplugin6::{self as proto, provider_server};
use tonic::{Request, Response, Status};
use tracing::Instrument;

use crate::author::Provider;

pub(crate) use shared::Shared;

/// The largest message either way; core's own limit for most RPCs is higher.
pub(crate) const MAX_MESSAGE: usize = 256 << 20;

/// The gRPC service of a provider.
pub(crate) struct Service<P: Provider> {
    shared: Arc<Shared<P>>,
}

impl<P: Provider> Service<P> {
    pub(crate) fn new(shared: Arc<Shared<P>>) -> Self {
        Self { shared }
    }

    /// The service as tonic serves it.
    pub(crate) fn into_server(self) -> provider_server::ProviderServer<Self> {
        provider_server::ProviderServer::new(self)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE)
    }

    /// Runs one RPC in a task of its own, so that a lost connection does not drop it half way.
    async fn run<Q, A, F, W>(
        &self,
        rpc: &'static str,
        request: Request<Q>,
        work: W,
    ) -> Result<Response<A>, Status>
    where
        A: Send + 'static,
        F: Future<Output = A> + Send + 'static,
        W: FnOnce(Arc<Shared<P>>, Q) -> F,
    {
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        let id = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let span = tracing::debug_span!(
            "rpc",
            tf_rpc = rpc,
            tf_req_id = id,
            tf_resource_type = tracing::field::Empty
        );
        let busy = self.shared.busy();
        let work = span.in_scope(|| work(Arc::clone(&self.shared), request.into_inner()));
        let running = async move {
            tracing::trace!("received");
            let started = std::time::Instant::now();
            let answer = work.await;
            tracing::debug!(
                tf_req_duration_ms = started.elapsed().as_millis() as u64,
                "answered"
            );
            drop(busy);
            answer
        };
        let ended = tokio::spawn(running.instrument(span)).await;
        ended.map(Response::new).map_err(|_| {
            Status::internal("the provider hit a bug outside of any resource; please report it")
        })
    }
}

macro_rules! rpcs {
    ($($rpc:ident: $message:ident => $handler:path;)*) => {
        #[tonic::async_trait]
        impl<P: Provider> provider_server::Provider for Service<P> {
            $(async fn $rpc(&self, request: Request<proto::$message::Request>) -> Result<Response<proto::$message::Response>, Status> {
                self.run(stringify!($rpc), request, $handler).await
            })*
        }
    };
}

rpcs! {
    get_metadata: get_metadata => provider::metadata;
    get_provider_schema: get_provider_schema => provider::schema;
    get_resource_identity_schemas: get_resource_identity_schemas => provider::identity_schemas;
    validate_provider_config: validate_provider_config => provider::validate;
    configure_provider: configure_provider => provider::configure;
    stop_provider: stop_provider => provider::stop;
    validate_resource_config: validate_resource_config => resources::validate;
    upgrade_resource_state: upgrade_resource_state => resources::upgrade;
    upgrade_resource_identity: upgrade_resource_identity => resources::upgrade_identity;
    read_resource: read_resource => resources::read;
    plan_resource_change: plan_resource_change => resources::plan;
    apply_resource_change: apply_resource_change => resources::apply;
    import_resource_state: import_resource_state => resources::import;
    move_resource_state: move_resource_state => resources::take_over;
    validate_data_resource_config: validate_data_resource_config => data_sources::validate;
    read_data_source: read_data_source => data_sources::read;
    validate_ephemeral_resource_config: validate_ephemeral_resource_config => ephemerals::validate;
    open_ephemeral_resource: open_ephemeral_resource => ephemerals::open;
    renew_ephemeral_resource: renew_ephemeral_resource => ephemerals::renew;
    close_ephemeral_resource: close_ephemeral_resource => ephemerals::close;
    get_functions: get_functions => functions::list;
    call_function: call_function => functions::call;
}
