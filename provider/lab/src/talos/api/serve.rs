//! Connections: TLS, HTTP/2, and what faults make of calls.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body_util::{BodyExt as _, Either, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tonic::{Code, Status};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::OneAuthority;
use super::frame::{framed, unframed};
use super::{Call, Reply, Roles, forward, route};
use crate::faults::{Effect, Fault, Seen, When, kill_peer};
use crate::journal::Entry;
use crate::talos::fleet::Fleet;
use crate::talos::machine::{Door, Key};

type Frames = std::pin::Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>;
type Body = Either<StreamBody<Frames>, Empty<Bytes>>;

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves a connection until it ends.
pub(crate) async fn serve(fleet: Arc<Fleet>, key: Key, stream: TcpStream, peer: SocketAddr) {
    let opened = opened(&fleet, &key);
    let Ok(tls) = fleet.tls(&key) else {
        return;
    };
    let accepted = TlsAcceptor::from(tls).accept(stream);
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, accepted).await else {
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let roles = certificates.first().map(roles);
    let broken = Arc::new(Notify::new());
    let connection = Connection {
        fleet,
        key,
        opened,
        peer,
        roles,
        broken: Arc::clone(&broken),
    };
    let connection = Arc::new(connection);
    let service = service_fn(move |request| {
        let connection = Arc::clone(&connection);
        async move { Ok::<_, Infallible>(connection.answer(request).await) }
    });
    let served = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(OneAuthority::new(stream)), service);
    tokio::select! {
        // How it ended is the client's to see.
        _ = served => {}
        () = broken.notified() => {}
    }
}

/// Organizations of a client's certificate.
fn roles(certificate: &CertificateDer<'_>) -> Roles {
    let parsed = X509Certificate::from_der(certificate);
    let Ok((_, certificate)) = parsed else {
        return Roles::default();
    };
    let organizations = certificate.subject().iter_organization();
    Roles::new(organizations.filter_map(|one| one.as_str().ok().map(str::to_owned)))
}

/// Which opening of a machine's door is the present one: its start, and who was let in when.
fn opened(fleet: &Fleet, key: &Key) -> Option<(u64, u64)> {
    fleet.look(|rack| {
        let machine = rack.machine(key)?;
        let run = machine.run.as_ref()?;
        (run.door != Door::Closed).then_some((machine.starts, run.epoch))
    })
}

struct Connection {
    fleet: Arc<Fleet>,
    key: Key,
    /// The opening of the door by which it came in.
    opened: Option<(u64, u64)>,
    peer: SocketAddr,
    /// None without a certificate.
    roles: Option<Roles>,
    /// Woken where a fault breaks the connection.
    broken: Arc<Notify>,
}

impl Connection {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let limit = deadline(request.headers());
        let answered = self.carry_out(request);
        let answered = match limit {
            None => answered.await,
            Some(limit) => tokio::time::timeout(limit, answered)
                .await
                .unwrap_or_else(|_| Err(Status::deadline_exceeded("context deadline exceeded"))),
        };
        match answered {
            Ok(reply) => good(reply),
            Err(status) => bad(&status),
        }
    }

    async fn carry_out(&self, request: Request<Incoming>) -> Result<Reply, Status> {
        let call = self.read(request).await?;
        let method = call.path.trim_start_matches('/').to_owned();
        let node = self.addressed(&call);
        let seen = Seen {
            service: "talos",
            method: &method,
            path: "",
            node: &node,
        };
        let fault = self.fleet.strike(seen);
        let write = route::writes(&call);
        let before = fault.as_ref().filter(|fault| fault.when == When::Before);
        if let Some(fault) = before.filter(|fault| is_late(fault)) {
            delay(fault).await;
        }
        let instead = before.filter(|fault| !is_late(fault));
        let mut answered = match instead {
            Some(fault) => self.suffer(fault, &node),
            None => Some(self.dispatch(call).await),
        };
        let effective = instead.is_none() && matches!(answered, Some(Ok(_)));
        match fault.as_ref().filter(|fault| fault.when == When::After) {
            Some(fault) if is_late(fault) => delay(fault).await,
            Some(fault) => answered = self.suffer(fault, &node),
            None => {}
        }
        let status = match &answered {
            Some(Err(status)) => u16::try_from(i32::from(status.code())).unwrap_or(2),
            _ => 0,
        };
        self.fleet.note(Entry {
            time: self.fleet.now(),
            service: "talos".to_owned(),
            method: method.clone(),
            path: String::new(),
            node: node.clone(),
            status,
            write: write && effective,
            fault: fault.as_ref().map(Fault::name),
        });
        match answered {
            Some(answered) => answered,
            None => {
                self.broken.notify_one();
                // The connection ends before anybody sees an answer.
                std::future::pending().await
            }
        }
    }

    async fn read(&self, request: Request<Incoming>) -> Result<Call, Status> {
        let (head, body) = request.into_parts();
        let body = body.collect().await;
        let body = body.map_err(|error| Status::internal(error.to_string()))?;
        let values = |name: &str| {
            let values = head.headers.get_all(name).iter();
            let values = values.filter_map(|value| value.to_str().ok().map(str::to_owned));
            values.collect::<Vec<String>>()
        };
        Ok(Call {
            path: head.uri.path().to_owned(),
            messages: unframed(body.to_bytes())?,
            roles: self.roles.clone().unwrap_or_default(),
            node: values("node"),
            nodes: values("nodes"),
        })
    }

    async fn dispatch(&self, mut call: Call) -> Result<Reply, Status> {
        // The service that took the connection is gone, and the connection about to go.
        if self.opened.is_none() || opened(&self.fleet, &self.key) != self.opened {
            return Err(Status::unavailable("transport is closing"));
        }
        let (door, minor) = self.fleet.look(|rack| {
            let door = rack.run(&self.key).map_or(Door::Closed, |run| run.door);
            let minor = rack
                .machine(&self.key)
                .map_or(12, crate::talos::cosi::minor);
            (door, minor)
        });
        match (door, &self.roles) {
            (Door::Maintenance, _) => {
                call.roles = Roles::reader();
                route::maintenance(&self.fleet, &self.key, &call, minor).await
            }
            _ => forward::answer(&self.fleet, &self.key, call).await,
        }
    }

    /// The machine that a call is for, by name.
    fn addressed(&self, call: &Call) -> String {
        let named = call.node.first().or_else(|| call.nodes.first());
        self.fleet.look(|rack| {
            let key = named.and_then(|node| rack.named(node)).unwrap_or(&self.key);
            let machine = rack.machine(key);
            machine.map_or_else(String::new, |machine| machine.hardware.name.clone())
        })
    }

    /// What a fault answers; none where it breaks the connection.
    fn suffer(&self, fault: &Fault, node: &str) -> Option<Result<Reply, Status>> {
        match fault.effect {
            Effect::Error => {
                let code = fault
                    .status
                    .map_or(Code::Unavailable, |code| Code::from_i32(i32::from(code)));
                let message = fault.message.clone();
                let message =
                    message.unwrap_or_else(|| "error reading from server: EOF".to_owned());
                Some(Err(Status::new(code, message)))
            }
            Effect::KillPlugin => {
                kill_peer(self.peer);
                None
            }
            Effect::PowerLoss => {
                self.fleet.cut_power(node);
                None
            }
            Effect::Drop | Effect::Reset | Effect::Delay | Effect::Slow => None,
        }
    }
}

/// An answer that comes in drops is a late one: it is small.
fn is_late(fault: &Fault) -> bool {
    matches!(fault.effect, Effect::Delay | Effect::Slow)
}

async fn delay(fault: &Fault) {
    let milliseconds = fault.milliseconds.unwrap_or(2000);
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// `grpc-timeout`: digits and a unit.
fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(number * 3600)),
        'M' => Some(Duration::from_secs(number * 60)),
        'S' => Some(Duration::from_secs(number)),
        'm' => Some(Duration::from_millis(number)),
        'u' => Some(Duration::from_micros(number)),
        'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

fn response(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let kind = hyper::header::HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    response
}

fn good(reply: Reply) -> Response<Body> {
    let messages: super::frame::Messages = match reply {
        Reply::One(message) => Box::pin(futures::stream::iter([Ok(message)])),
        Reply::Many(messages) => messages,
    };
    // A failure ends the stream; what ends well has its status, too.
    let frames = futures::stream::unfold(Some(messages), |messages| async move {
        let mut messages = messages?;
        match messages.next().await {
            Some(Ok(message)) => Some((Frame::data(framed(&message)), Some(messages))),
            Some(Err(status)) => Some((Frame::trailers(trailers(&status)), None)),
            None => Some((Frame::trailers(trailers(&Status::ok(""))), None)),
        }
    });
    response(Either::Left(StreamBody::new(Box::pin(frames.map(Ok)))))
}

/// A failure without a message: the stream ends with its headers, without which Go's client does
/// not look for a status there.
fn bad(status: &Status) -> Response<Body> {
    let mut response = response(Either::Right(Empty::new()));
    response.headers_mut().extend(trailers(status));
    response
}

fn trailers(status: &Status) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Only a message that is no header could fail, and it is encoded.
    let _ = status.add_header(&mut headers);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_read() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                "grpc-timeout",
                hyper::header::HeaderValue::from_static(text),
            );
            deadline(&headers)
        };
        assert_eq!(read("10S"), Some(Duration::from_secs(10)));
        assert_eq!(read("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(read("x"), None);
    }
}
