//! One HTTP/2 connection as tonic wants it, with failures told apart by whether the request left.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, header};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;

/// What went wrong below gRPC; travels as the source of a [`Status`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WireError {
    /// The connection was gone before the request left.
    Unsent,
    /// The connection broke with the request under way.
    Broken,
    /// The answer is HTTP but not gRPC: its status, and the server's name for itself.
    NotGrpc { status: u16, server: String },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Unsent => {
                f.write_str("the connection was closed before the request was sent")
            }
            WireError::Broken => {
                f.write_str("the connection broke while the request was under way")
            }
            WireError::NotGrpc { status, server } if server.is_empty() => {
                write!(f, "an HTTP answer {status} that is not gRPC")
            }
            WireError::NotGrpc { status, server } => {
                write!(f, "an HTTP answer {status} that is not gRPC, from {server}")
            }
        }
    }
}

impl std::error::Error for WireError {}

impl From<WireError> for Status {
    fn from(error: WireError) -> Status {
        let mut status = Status::unavailable(error.to_string());
        status.set_source(Arc::new(error));
        status
    }
}

/// The sending half of a connection.
#[derive(Clone)]
pub(crate) struct Wire(pub SendRequest<Body>);

impl Wire {
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

type Reply = Pin<Box<dyn Future<Output = Result<Response<Incoming>, Status>> + Send>>;

impl Service<Request<Body>> for Wire {
    type Response = Response<Incoming>;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Reply {
        let mut send = self.0.clone();
        Box::pin(async move {
            send.ready().await.map_err(|_| WireError::Unsent)?;
            match send.try_send_request(request).await {
                Ok(response) => grpc_only(response),
                Err(mut error) => match error.take_message() {
                    Some(_) => Err(WireError::Unsent.into()),
                    None => Err(WireError::Broken.into()),
                },
            }
        })
    }
}

fn grpc_only(response: Response<Incoming>) -> Result<Response<Incoming>, Status> {
    let text = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if response.status().is_success() && text(header::CONTENT_TYPE).starts_with("application/grpc")
    {
        return Ok(response);
    }
    Err(WireError::NotGrpc {
        status: response.status().as_u16(),
        server: text(header::SERVER).to_owned(),
    }
    .into())
}
