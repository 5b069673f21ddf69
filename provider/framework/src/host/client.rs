//! The other end of the socket, for the documentation generator and tests.

use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// A plain connection to a provider that runs with -debug.
pub(crate) async fn connect(socket: String) -> Result<Channel, String> {
    let dial = service_fn(move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    // The address is never looked up: the connector ignores it.
    let endpoint = Endpoint::from_static("http://localhost");
    endpoint
        .connect_with_connector(dial)
        .await
        .map_err(|error| error.to_string())
}
