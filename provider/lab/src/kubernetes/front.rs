//! What stands before the API server at the machines' addresses: TLS of the cluster, client
//! certificates, journal and faults.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::client::Api;
use super::plane::FRONT_PROXY;
use super::settings::Settings;
use crate::listen::{Body, Book, Desk, Dropped, Hold, text};
use crate::tls::{Signer, Subject, identity, provider};

/// What all addresses of one machine share; a new configuration replaces it.
#[derive(Clone)]
pub(super) struct Behind {
    tls: TlsAcceptor,
    clients: Arc<dyn ClientCertVerifier>,
    upstream: Api,
}

impl Behind {
    /// Makes the certificate of a control plane and a way to the API server.
    ///
    /// # Errors
    /// A certificate cannot be made.
    pub(super) fn new(
        settings: &Settings,
        name: &str,
        addresses: &[IpAddr],
        server: SocketAddr,
    ) -> Result<Self, String> {
        let signer = Signer::load(&settings.ca.certificate, &settings.ca.key)?;
        let own = signer.mint(&Subject {
            name: "kube-apiserver".to_owned(),
            group: None,
            names: names(settings, name, addresses),
        })?;
        let (chain, key) = own.parts()?;
        let clients = verifier(&settings.ca.certificate)?;
        let mut tls = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_client_cert_verifier(Arc::new(Anybody(Arc::clone(&clients))))
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let proxy = Signer::load(
            &settings.aggregator_ca.certificate,
            &settings.aggregator_ca.key,
        )?;
        let proxy = proxy.mint(&Subject {
            name: FRONT_PROXY.to_owned(),
            group: None,
            names: Vec::new(),
        })?;
        Ok(Self {
            tls: TlsAcceptor::from(Arc::new(tls)),
            clients,
            upstream: Api::new(server, &settings.ca.certificate, &proxy)?,
        })
    }

    /// The user and groups of a connection's certificate, where the cluster's authority signed it.
    fn identity(
        &self,
        certificates: Option<&[CertificateDer<'static>]>,
    ) -> Option<(String, Vec<String>)> {
        let (own, others) = certificates?.split_first()?;
        self.clients
            .verify_client_cert(own, others, UnixTime::now())
            .ok()?;
        identity(own)
    }
}

/// Names and addresses of a control plane's API server (reference: `controllers/secrets/kubernetes.go`
/// and the root controller of Talos 1.12).
fn names(settings: &Settings, name: &str, addresses: &[IpAddr]) -> Vec<String> {
    let domain = &settings.dns_domain;
    let mut names: Vec<String> = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "localhost",
    ]
    .map(str::to_owned)
    .into();
    names.push(format!("kubernetes.default.svc.{domain}"));
    names.push(settings.endpoint_host());
    names.push(name.to_owned());
    names.push("127.0.0.1".to_owned());
    names.extend(settings.cert_sans.iter().cloned());
    names.extend(settings.service_addresses().iter().map(ToString::to_string));
    names.extend(addresses.iter().map(ToString::to_string));
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

fn verifier(authority: &str) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()).flatten() {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build();
    built.map_err(|error| error.to_string())
}

/// As Kubernetes does it: the handshake takes any certificate, and one of another authority is
/// answered with 401.
#[derive(Debug)]
struct Anybody(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Anybody {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// A listener at one address; dropping it closes the address and its connections.
pub(super) struct Front {
    behind: Arc<RwLock<Behind>>,
    task: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Front {
    /// Listens at an address of a machine. The address may come a little later.
    pub(super) fn open(book: Book, node: String, address: SocketAddr, behind: Behind) -> Self {
        let behind = Arc::new(RwLock::new(behind));
        let desk = Desk {
            book,
            service: "kubernetes",
            node,
            error: status,
        };
        let task = tokio::spawn(listen(address, desk, Arc::clone(&behind)));
        Self { behind, task }
    }

    /// From the next connection on.
    pub(super) fn replace(&self, behind: &Behind) {
        if let Ok(mut own) = self.behind.write() {
            *own = behind.clone();
        }
    }
}

async fn listen(address: SocketAddr, desk: Desk, behind: Arc<RwLock<Behind>>) {
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, peer)) = accepted {
                let behind = behind.read().map(|behind| behind.clone());
                if let Ok(behind) = behind {
                    connections.spawn(connection(stream, peer, desk.clone(), behind));
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, desk: Desk, behind: Behind) {
    // Small answers would wait for their acknowledgement.
    let _ = stream.set_nodelay(true);
    let hold = Hold::on(&stream);
    let Ok(stream) = behind.tls.accept(stream).await else {
        return;
    };
    let who = behind.identity(stream.get_ref().1.peer_certificates());
    let upstream = Mutex::new(None);
    let handle = service_fn(|request: Request<Incoming>| {
        let (method, path) = (
            request.method().to_string(),
            request.uri().path().to_owned(),
        );
        let answer = forward(&behind.upstream, &upstream, who.as_ref(), request);
        desk.serve(peer, method, path, answer)
    });
    let ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), handle)
        .with_upgrades()
        .await;
    hold.release(ended);
}

/// Passes a request on, in the name of the client's certificate or with the client's own token.
async fn forward(
    api: &Api,
    upstream: &Mutex<Option<SendRequest<Body>>>,
    who: Option<&(String, Vec<String>)>,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let headers = request.headers_mut();
    claim(headers, who);
    let upgrade = headers
        .contains_key("upgrade")
        .then(|| hyper::upgrade::on(&mut request));
    let (head, body) = request.into_parts();
    let body: Body = body.map_err(Into::into).boxed_unsync();
    let mut slot = upstream.lock().await;
    let mut sender = match slot.take().filter(SendRequest::is_ready) {
        Some(sender) => sender,
        None => api.connect().await.map_err(|_| Dropped { reset: false })?,
    };
    let answer = sender.send_request(Request::from_parts(head, body)).await;
    let mut response = answer.map_err(|_| Dropped { reset: false })?;
    *slot = Some(sender);
    if let Some(client) = upgrade.filter(|_| response.status() == StatusCode::SWITCHING_PROTOCOLS) {
        let server = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            if let (Ok(client), Ok(server)) = (client.await, server.await) {
                let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
                // It ends when either side does.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}

/// Replaces whatever a client says of itself by what its certificate says.
fn claim(headers: &mut HeaderMap, who: Option<&(String, Vec<String>)>) {
    let claims: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("x-remote-"))
        .cloned()
        .collect();
    for name in claims {
        headers.remove(name);
    }
    let Some((user, groups)) = who else {
        return;
    };
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    };
    add("x-remote-user", user);
    groups.iter().for_each(|group| add("x-remote-group", group));
}

/// An error as Kubernetes words it.
fn status(code: u16, message: &str) -> Response<Body> {
    let reason = match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    };
    let body = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code });
    let mut response = text(code, "application/json", body.to_string());
    if code == 429 {
        response
            .headers_mut()
            .insert("retry-after", HeaderValue::from_static("1"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_name_itself() {
        let mut headers = HeaderMap::new();
        headers.insert("x-remote-user", HeaderValue::from_static("mallory"));
        headers.insert("x-remote-extra-a", HeaderValue::from_static("b"));
        claim(&mut headers, None);
        assert!(headers.is_empty());
        claim(
            &mut headers,
            Some(&("admin".to_owned(), vec!["one".to_owned(), "two".to_owned()])),
        );
        assert_eq!(headers["x-remote-user"], "admin");
        assert_eq!(headers.get_all("x-remote-group").iter().count(), 2);
    }
}
