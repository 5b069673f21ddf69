//! The services beside the provider itself: what go-plugin's host expects of every plugin.

use std::io;
use std::sync::Arc;

use proto_tfplugin::health::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus, health_server,
};
use proto_tfplugin::plugin::{self, grpc_broker_server, grpc_controller_server, grpc_stdio_server};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use super::transport::Connection;
use crate::author::Provider;
use crate::server::{Service, Shared};

/// Serves everything until `shutdown` is cancelled and running requests are answered.
pub(super) async fn serve<P: Provider>(
    shared: Arc<Shared<P>>,
    incoming: ReceiverStream<io::Result<Connection>>,
    shutdown: CancellationToken,
) {
    let common = Common {
        shutdown: shutdown.clone(),
    };
    let served = Server::builder()
        .add_service(Service::new(shared).into_server())
        .add_service(grpc_controller_server::GrpcControllerServer::new(
            common.clone(),
        ))
        .add_service(grpc_stdio_server::GrpcStdioServer::new(common.clone()))
        .add_service(grpc_broker_server::GrpcBrokerServer::new(common.clone()))
        .add_service(health_server::HealthServer::new(common))
        .serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the plugin's server ended");
    }
}

#[derive(Clone)]
struct Common {
    shutdown: CancellationToken,
}

impl Common {
    /// A stream that says nothing and ends with the process.
    fn silent<T: Send + 'static>(&self) -> BoxStream<T> {
        let shutdown = self.shutdown.clone();
        let end = futures::FutureExt::into_stream(async move { shutdown.cancelled().await });
        Box::pin(futures::StreamExt::filter_map(end, |()| {
            std::future::ready(None::<Result<T, Status>>)
        }))
    }
}

#[tonic::async_trait]
impl grpc_controller_server::GrpcController for Common {
    async fn shutdown(&self, _: Request<plugin::Empty>) -> Result<Response<plugin::Empty>, Status> {
        self.shutdown.cancel();
        Ok(Response::new(plugin::Empty {}))
    }
}

/// Nothing is ever sent: core would log each line as unexpected.
#[tonic::async_trait]
impl grpc_stdio_server::GrpcStdio for Common {
    async fn stream_stdio(
        &self,
        _: Request<()>,
    ) -> Result<Response<BoxStream<plugin::StdioData>>, Status> {
        Ok(Response::new(self.silent()))
    }
}

#[tonic::async_trait]
impl grpc_broker_server::GrpcBroker for Common {
    async fn start_stream(
        &self,
        _: Request<Streaming<plugin::ConnInfo>>,
    ) -> Result<Response<BoxStream<plugin::ConnInfo>>, Status> {
        Ok(Response::new(self.silent()))
    }
}

#[tonic::async_trait]
impl health_server::Health for Common {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match request.into_inner().service.as_str() {
            "" | "plugin" => Ok(Response::new(HealthCheckResponse {
                status: ServingStatus::Serving.into(),
            })),
            _ => Err(Status::not_found("no such service")),
        }
    }
}
