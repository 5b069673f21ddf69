//! HTTP/1.1 with the manners of pveproxy: reason phrases, limits, closing after errors.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::multipart;
use super::tls::Authority;
use crate::faults::{Effect, Fault, Seen, When};
use crate::journal::Entry;
use crate::proxmox::answer::Answer;
use crate::proxmox::request::{Body, Request};
use crate::world::Lab;

/// The largest body that is no upload (pve-http-server).
const LARGEST: usize = 512 << 10;
/// The largest upload that the lab keeps.
const LARGEST_UPLOAD: usize = 4 << 30;
/// How many headers a request may have.
const HEADERS: usize = 64;

/// Hosts that listen; dropping it ends them.
pub struct Served {
    /// Names and real addresses.
    pub hosts: Vec<(String, SocketAddr)>,
    /// The certificate to trust.
    pub ca_pem: String,
    listeners: JoinSet<()>,
}

impl Served {
    /// Waits as long as the hosts listen.
    pub async fn wait(&mut self) {
        while self.listeners.join_next().await.is_some() {}
    }
}

/// Starts a listener for each host: at its own address and port 8006, or, with `local`, at any
/// port of that address.
///
/// # Errors
/// An address cannot be used.
pub async fn serve(
    lab: &Arc<Lab>,
    authority: &Authority,
    local: Option<IpAddr>,
) -> Result<Served, String> {
    let mut served = Served {
        hosts: Vec::new(),
        ca_pem: authority.pem().to_owned(),
        listeners: JoinSet::new(),
    };
    for (node, address) in lab.hosts() {
        let own: IpAddr = address
            .parse()
            .map_err(|_| format!("{address} of host {node} is no address"))?;
        let socket = match local {
            Some(local) => SocketAddr::new(local, 0),
            None => SocketAddr::new(own, 8006),
        };
        let (tls, fingerprint) = authority.server(&node, &[own, socket.ip()])?;
        lab.set_fingerprint(&node, &fingerprint);
        let listener = TcpListener::bind(socket).await;
        let listener = listener.map_err(|error| format!("cannot listen at {socket}: {error}"))?;
        let bound = listener.local_addr().map_err(|error| error.to_string())?;
        served.hosts.push((node.clone(), bound));
        let acceptor = TlsAcceptor::from(tls);
        served
            .listeners
            .spawn(listen(Arc::clone(lab), node, listener, acceptor));
    }
    Ok(served)
}

async fn listen(lab: Arc<Lab>, node: String, listener: TcpListener, acceptor: TlsAcceptor) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, peer)) = accepted && lab.is_online(&node) {
                    connections.spawn(connection(Arc::clone(&lab), node.clone(), stream, peer, acceptor.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(
    lab: Arc<Lab>,
    node: String,
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| answer(&lab, &node, peer, request));
    // An error here is a connection that ended, which is the client's to see.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .max_headers(HEADERS * 2)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped by a fault")]
struct Dropped;

async fn answer(
    lab: &Arc<Lab>,
    node: &str,
    peer: SocketAddr,
    request: HttpRequest<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let method = request.method().to_string();
    let path = request
        .uri()
        .path()
        .trim_start_matches("/api2/json")
        .to_owned();
    let seen = Seen {
        service: "proxmox",
        method: &method,
        path: &path,
        node: node_of(&path).unwrap_or(node),
    };
    let fault = lab.strike(seen);
    let before = fault.as_ref().filter(|fault| fault.when == When::Before);
    if let Some(fault) = before.filter(|fault| fault.effect == Effect::Delay) {
        delay(fault).await;
    }
    let instead = before.filter(|fault| ![Effect::Delay, Effect::Slow].contains(&fault.effect));
    let mut given = match instead {
        Some(fault) => from_fault(lab, fault, peer, &path),
        None => Some(read_and_answer(lab, request).await),
    };
    let after = fault.as_ref().filter(|fault| fault.when == When::After);
    let changed = instead.is_none()
        && method != "GET"
        && given.as_ref().is_some_and(|given| given.status < 400);
    match after {
        Some(fault) if fault.effect == Effect::Delay => delay(fault).await,
        Some(fault) if fault.effect == Effect::Slow => {}
        Some(fault) => given = from_fault(lab, fault, peer, &path),
        None => {}
    }
    lab.journal.add(Entry {
        time: lab.now(),
        service: "proxmox".to_owned(),
        node: seen.node.to_owned(),
        status: given.as_ref().map_or(0, |given| given.status),
        write: changed,
        fault: fault.as_ref().map(Fault::name),
        method: method.clone(),
        path: path.clone(),
    });
    given.map(into_http).ok_or(Dropped)
}

fn node_of(path: &str) -> Option<&str> {
    path.strip_prefix("/nodes/")?.split('/').next()
}

async fn delay(fault: &Fault) {
    let milliseconds = fault.milliseconds.unwrap_or(2000);
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// The answer that a fault gives; none where it gives none.
fn from_fault(lab: &Lab, fault: &Fault, peer: SocketAddr, path: &str) -> Option<Answer> {
    match fault.effect {
        Effect::Error => {
            let status = fault.status.unwrap_or(500);
            let message = fault.message.as_deref().unwrap_or("got timeout");
            Some(crate::proxmox::answer::Refusal::status(status, message).answer())
        }
        Effect::KillPlugin => {
            crate::faults::kill_peer(peer);
            None
        }
        Effect::PowerLoss => {
            let vmid = path
                .split("/qemu/")
                .nth(1)
                .and_then(|rest| rest.split('/').next());
            if let Some(vmid) = vmid.and_then(|vmid| vmid.parse().ok()) {
                lab.cut_power(vmid);
            }
            None
        }
        Effect::Drop | Effect::Reset | Effect::Delay | Effect::Slow => None,
    }
}

async fn read_and_answer(lab: &Arc<Lab>, request: HttpRequest<Incoming>) -> Answer {
    match read(request).await {
        Ok(request) => lab.answer(&request).await,
        Err(answer) => answer,
    }
}

/// Reads a request within the proxy's limits (reference: pve-http-server).
async fn read(request: HttpRequest<Incoming>) -> Result<Request, Answer> {
    let (head, body) = request.into_parts();
    let header = |name: &str| {
        let value = head.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let Some(path) = head.uri.path().strip_prefix("/api2/json") else {
        return Err(Answer::bare(501, "no such file"));
    };
    if head.headers.len() > HEADERS {
        return Err(Answer::bare(501, "too many http header lines (> 64)"));
    }
    if header("transfer-encoding").is_some() {
        return Err(Answer::bare(501, "chunked transfer encoding not supported"));
    }
    let verb = head.method.to_string();
    let length: usize = header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    if length > 0 && ["GET", "DELETE"].contains(&verb.as_str()) {
        return Err(Answer::bare(
            501,
            &format!("Unexpected content for method '{verb}'"),
        ));
    }
    let kind = header("content-type").unwrap_or_default();
    let form = kind.starts_with("multipart/form-data");
    let largest = if form { LARGEST_UPLOAD } else { LARGEST };
    if length > largest {
        return Err(Answer::bare(501, "for data too large"));
    }
    let bytes = Limited::new(body, largest).collect().await;
    let bytes = bytes
        .map_err(|_| Answer::bare(400, "Bad Request"))?
        .to_bytes();
    Ok(Request {
        path: path.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        cookie: header("cookie"),
        csrf: header("csrfpreventiontoken"),
        body: body_of(&kind, &bytes)?,
        verb,
    })
}

fn body_of(kind: &str, bytes: &[u8]) -> Result<Body, Answer> {
    let wrong = || Answer::bare(400, "Bad Request");
    if let Some(boundary) = kind.split("boundary=").nth(1) {
        let (fields, file) =
            multipart::read(boundary.trim_matches('"'), bytes).ok_or_else(wrong)?;
        return Ok(Body::Upload(fields, file));
    }
    if bytes.is_empty() {
        return Ok(Body::Empty);
    }
    if kind.starts_with("application/json") {
        return serde_json::from_slice(bytes)
            .map(Body::Json)
            .map_err(|_| wrong());
    }
    Ok(Body::Form(String::from_utf8_lossy(bytes).into_owned()))
}

/// After an error the proxy closes the connection.
fn into_http(answer: Answer) -> Response<Full<Bytes>> {
    let text = answer
        .body
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    if answer.body.is_some() {
        let kind = hyper::header::HeaderValue::from_static("application/json;charset=UTF-8");
        headers.insert("content-type", kind);
    }
    if answer.status >= 400 {
        headers.insert(
            "connection",
            hyper::header::HeaderValue::from_static("close"),
        );
    }
    if let Ok(reason) = ReasonPhrase::try_from(answer.reason.as_bytes()) {
        response.extensions_mut().insert(reason);
    }
    response
}
