//! A plain client of the Talos API: TLS and HTTP/2.

use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use crate::Authority;

/// TLS of somebody without a certificate, who trusts everybody.
pub fn insecure() -> ClientConfig {
    trusting().with_no_client_auth()
}

/// TLS of a client with a role of an authority, who trusts everybody.
pub fn trusting_client(authority: &Authority, role: &str) -> ClientConfig {
    let (certificate, key) = authority.identity(role);
    trusting()
        .with_client_auth_cert(vec![certificate], key)
        .unwrap()
}

fn trusting() -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(anybody())
}

/// Trusts whoever answers.
pub fn anybody() -> Arc<dyn ServerCertVerifier> {
    Arc::new(Anybody(Arc::new(ring::default_provider())))
}

#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A connection that bindings can use.
#[derive(Clone)]
pub struct Wire {
    sender: SendRequest<tonic::body::Body>,
    authority: String,
}

impl Service<http::Request<tonic::body::Body>> for Wire {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sender.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<tonic::body::Body>) -> Self::Future {
        let path = request.uri().path().to_owned();
        let uri = format!("https://{}{path}", self.authority);
        *request.uri_mut() = uri.parse().unwrap();
        Box::pin(self.sender.send_request(request))
    }
}

/// Dials a machine, and waits until it has said something over HTTP/2: with TLS 1.3 a server
/// refuses a certificate only after the handshake.
///
/// # Errors
/// What went wrong, as text; `TLS alert` and its name where the machine sent one.
pub async fn dial(address: IpAddr, mut tls: ClientConfig) -> Result<Wire, String> {
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let socket = SocketAddr::new(address, 50_000);
    let stream = TcpStream::connect(socket)
        .await
        .map_err(|error| error.to_string())?;
    // Small frames, each waited for.
    let _ = stream.set_nodelay(true);
    let name = ServerName::IpAddress(address.into());
    let connector = TlsConnector::from(Arc::new(tls));
    let mut stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| reason(&error))?;
    let first = stream.read_u8().await.map_err(|error| reason(&error))?;
    let (reader, writer) = tokio::io::split(stream);
    let stream = tokio::io::join(Cursor::new([first]).chain(reader), writer);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // How it ends shows in the calls.
    tokio::spawn(connection);
    std::future::poll_fn(|cx| sender.poll_ready(cx))
        .await
        .map_err(|error| error.to_string())?;
    Ok(Wire {
        sender,
        authority: socket.to_string(),
    })
}

fn reason(error: &std::io::Error) -> String {
    let told = error.to_string();
    match told.split_once("received fatal alert: ") {
        Some((_, alert)) => format!("TLS alert {alert}"),
        None => told,
    }
}
