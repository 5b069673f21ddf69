//! A plain client of the Talos API: TLS, HTTP/2, and the bindings.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto_talos::cosi::resource::state_client::StateClient;
use proto_talos::machine::machine_service_client::MachineServiceClient;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PKCS_ED25519,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

/// An authority of Talos, and what it signs.
pub struct Authority {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let certificate = Self::parameters().self_signed(&key).unwrap().pem();
        Self {
            certificate,
            key: key.serialize_pem(),
        }
    }

    fn parameters() -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        let name = &mut parameters.distinguished_name;
        name.push(DnType::OrganizationName, "talos");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters
    }

    /// Certificate and key of a client with a role, in PEM.
    pub fn client(&self, role: &str) -> (String, String) {
        let signer = KeyPair::from_pem(&self.key).unwrap();
        let issuer = Issuer::new(Self::parameters(), signer);
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        let name = &mut parameters.distinguished_name;
        name.push(DnType::OrganizationName, role);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&key, &issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// TLS of a client with a role.
    pub fn tls(&self, role: &str) -> ClientConfig {
        let (certificate, key) = self.client(role);
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)
            .unwrap()
    }

    /// The talosconfig of an administrator.
    pub fn talosconfig(&self, endpoint: IpAddr) -> String {
        let (certificate, key) = self.client("os:admin");
        let key = key.replace("PRIVATE KEY", "ED25519 PRIVATE KEY");
        format!(
            "context: lab\ncontexts:\n  lab:\n    endpoints: [\"{endpoint}\"]\n    nodes: [\"{endpoint}\"]\n    ca: {}\n    crt: {}\n    key: {}\n",
            STANDARD.encode(&self.certificate),
            STANDARD.encode(certificate),
            STANDARD.encode(key)
        )
    }
}

/// TLS of somebody without a certificate, who trusts everybody.
pub fn insecure() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth()
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

/// A connection that the bindings can use.
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

/// Dials a machine.
///
/// # Errors
/// What went wrong, as text.
pub async fn dial(address: IpAddr, mut tls: ClientConfig) -> Result<Wire, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let socket = SocketAddr::new(address, 50_000);
    let stream = TcpStream::connect(socket)
        .await
        .map_err(|error| told(&error))?;
    let name = ServerName::IpAddress(address.into());
    let connector = TlsConnector::from(Arc::new(tls));
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| told(&error))?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| told(&error))?;
    tokio::spawn(connection);
    // With TLS 1.3 a server refuses a certificate only after the handshake.
    std::future::poll_fn(|cx| sender.poll_ready(cx))
        .await
        .map_err(|error| told(&error))?;
    Ok(Wire {
        sender,
        authority: socket.to_string(),
    })
}

pub fn machine(wire: &Wire) -> MachineServiceClient<Wire> {
    MachineServiceClient::new(wire.clone())
}

pub fn state(wire: &Wire) -> StateClient<Wire> {
    StateClient::new(wire.clone())
}
