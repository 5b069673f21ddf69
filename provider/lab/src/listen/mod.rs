//! What all services of the lab that speak HTTP have in common: journal and faults around every
//! request.

mod slow;

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::faults::{Effect, Fault, Seen, When, kill_peer};
use crate::journal::Entry;
use crate::world::Lab;

/// A body that is sent or forwarded.
pub(crate) type Body = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// A body of known bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// An answer with a text.
pub(crate) fn text(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(
        "content-type",
        hyper::header::HeaderValue::from_static(kind),
    );
    response
}

/// Closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
pub(crate) struct Dropped {
    /// Whether it is reset.
    pub(crate) reset: bool,
}

/// A second hold on a connection, by which it can be reset when the first one is gone.
pub(crate) struct Hold(Option<OwnedFd>);

impl Hold {
    pub(crate) fn on(stream: &TcpStream) -> Self {
        Self(stream.as_fd().try_clone_to_owned().ok())
    }

    /// Lets go, with a reset where that is how the connection ended.
    pub(crate) fn release(self, ended: Result<(), hyper::Error>) {
        let cause = ended.err();
        let cause = cause
            .as_ref()
            .and_then(|error| error.source()?.downcast_ref::<Dropped>());
        if let (Some(Dropped { reset: true }), Some(socket)) = (cause, self.0) {
            let stream = TcpStream::from_std(std::net::TcpStream::from(socket));
            // What cannot be reset is closed.
            let _ = stream.and_then(|stream| stream.set_zero_linger());
        }
    }
}

/// The lab whose journal is written and whose faults strike; none before the lab is there.
#[derive(Clone, Default)]
pub(crate) struct Book {
    lab: Arc<OnceLock<Weak<Lab>>>,
}

impl Book {
    /// Opens the book of a lab. Only the first call counts.
    pub(crate) fn open(&self, lab: &Arc<Lab>) {
        // A second lab would be a mistake of the caller that nothing here depends on.
        let _ = self.lab.set(Arc::downgrade(lab));
    }

    fn lab(&self) -> Option<Arc<Lab>> {
        self.lab.get()?.upgrade()
    }

    /// The fault that hits something.
    pub(crate) fn strike(&self, seen: Seen<'_>) -> Option<Fault> {
        self.lab()?.strike(seen)
    }

    /// Writes a line.
    pub(crate) fn note(&self, seen: Seen<'_>, status: u16, write: bool, fault: Option<&Fault>) {
        let Some(lab) = self.lab() else {
            return;
        };
        lab.journal.add(Entry {
            time: lab.now(),
            service: seen.service.to_owned(),
            method: seen.method.to_owned(),
            path: seen.path.to_owned(),
            node: seen.node.to_owned(),
            status,
            write,
            fault: fault.map(Fault::name),
        });
    }
}

/// A service at one of its addresses.
#[derive(Clone)]
pub(crate) struct Desk {
    /// Journal and faults.
    pub book: Book,
    /// As faults and journal name it.
    pub service: &'static str,
    /// The machine that seems to answer; empty where it is none.
    pub node: String,
    /// How this service words an error.
    pub error: fn(u16, &str) -> Response<Body>,
}

impl Desk {
    /// Answers a request, with what goes wrong before and after.
    pub(crate) async fn serve<F>(
        &self,
        peer: SocketAddr,
        method: String,
        path: String,
        answer: F,
    ) -> Result<Response<Body>, Dropped>
    where
        F: Future<Output = Result<Response<Body>, Dropped>>,
    {
        let seen = Seen {
            service: self.service,
            method: &method,
            path: &path,
            node: &self.node,
        };
        let fault = self.book.strike(seen);
        let (before, after) = match &fault {
            Some(fault) if fault.when == When::After => (None, Some(fault)),
            other => (other.as_ref(), None),
        };
        let instead = before.filter(|fault| !lets_through(fault.effect));
        let mut given = match (before, instead) {
            (_, Some(fault)) => self.wrong(fault, peer),
            (Some(fault), None) => {
                pause(fault).await;
                answer.await
            }
            (None, None) => answer.await,
        };
        let reading = ["GET", "HEAD", "OPTIONS"].contains(&method.as_str());
        let changed = instead.is_none()
            && !reading
            && given
                .as_ref()
                .is_ok_and(|given| given.status().as_u16() < 400);
        match after {
            Some(fault) if lets_through(fault.effect) => pause(fault).await,
            Some(fault) => given = self.wrong(fault, peer),
            None => {}
        }
        if let (Some(fault), Ok(response)) = (
            fault.as_ref().filter(|fault| fault.effect == Effect::Slow),
            &mut given,
        ) {
            let whole = std::mem::replace(response.body_mut(), full(Bytes::new()));
            *response.body_mut() = slow::slow(
                whole,
                Duration::from_millis(fault.milliseconds.unwrap_or(100)),
            );
        }
        let status = given.as_ref().map_or(0, |given| given.status().as_u16());
        self.book.note(seen, status, changed, fault.as_ref());
        given
    }

    fn wrong(&self, fault: &Fault, peer: SocketAddr) -> Result<Response<Body>, Dropped> {
        match fault.effect {
            Effect::Error => {
                let message = fault
                    .message
                    .as_deref()
                    .unwrap_or("a fault of the scenario");
                Ok((self.error)(fault.status.unwrap_or(500), message))
            }
            Effect::KillPlugin => {
                kill_peer(peer);
                Err(Dropped { reset: false })
            }
            effect => Err(Dropped {
                reset: effect == Effect::Reset,
            }),
        }
    }
}

/// Whether the request is answered all the same.
fn lets_through(effect: Effect) -> bool {
    matches!(effect, Effect::Delay | Effect::Slow)
}

async fn pause(fault: &Fault) {
    if fault.effect == Effect::Delay {
        tokio::time::sleep(Duration::from_millis(fault.milliseconds.unwrap_or(2000))).await;
    }
}

/// Something that answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Body>> + Send;
}

/// Serves HTTP, over TLS where an acceptor is given, until the task is dropped.
pub(crate) async fn serve<S: Service>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    desk: Desk,
    service: Arc<S>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, peer)) = accepted {
                connections.spawn(connection(stream, peer, tls.clone(), desk.clone(), Arc::clone(&service)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection<S: Service>(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    desk: Desk,
    service: Arc<S>,
) {
    let handle = service_fn(|request: Request<Incoming>| {
        let (method, path) = (
            request.method().to_string(),
            request.uri().path().to_owned(),
        );
        let answer = async { Ok(service.answer(request).await) };
        desk.serve(peer, method, path, answer)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    let hold = Hold::on(&stream);
    let ended = match tls {
        None => builder.serve_connection(TokioIo::new(stream), handle).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => builder.serve_connection(TokioIo::new(stream), handle).await,
            Err(_) => Ok(()),
        },
    };
    hold.release(ended);
}

/// An error in words, for services that have no form of their own.
pub(crate) fn plain_error(status: u16, message: &str) -> Response<Body> {
    text(status, "text/plain; charset=utf-8", message.to_owned())
}
