//! TLS of a machine's port: with its cluster's authority, or for anybody in maintenance mode.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use crate::talos::life::Rack;
use crate::talos::machine::{Door, Key};
use crate::talos::pki::{self, Issued, Leaf};
use crate::tls::provider;

/// Why nobody is let in.
pub(crate) type TlsError = String;

/// apid's certificates last a day.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// TLS as a machine speaks it now.
///
/// # Errors
/// The door is closed, or the configuration's authority is of no use.
pub(crate) fn tls(rack: &Rack, key: &Key) -> Result<Arc<ServerConfig>, TlsError> {
    let closed = || "nothing listens".to_owned();
    let run = rack.run(key).ok_or_else(closed)?;
    let name = run.network.hostname.clone();
    match run.door {
        Door::Closed => Err(closed()),
        Door::Maintenance => {
            let issued = pki::maintenance(&[name], &run.addresses())?;
            let builder = builder()?.with_no_client_auth();
            finished(builder, &issued)
        }
        Door::Api => {
            let config = run.active.as_ref().ok_or_else(closed)?;
            let (certificate, signer) = rack.identity(key).ok_or_else(closed)?;
            let mut leaf = Leaf {
                names: vec![name],
                addresses: run.addresses(),
                server: true,
                lifetime: LIFETIME,
                ..Leaf::default()
            };
            for name in config.cert_sans() {
                match name.parse() {
                    Ok(address) => leaf.addresses.push(address),
                    Err(_) => leaf.names.push(name),
                }
            }
            leaf.addresses.extend(config.vips());
            let issued = pki::issue(&certificate, &signer, &leaf)?;
            let mut roots = RootCertStore::empty();
            for authority in config.accepted_authorities() {
                let certificates = CertificateDer::pem_slice_iter(&authority).flatten();
                roots.add_parsable_certificates(certificates);
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
                .build()
                .map_err(|error| error.to_string())?;
            let builder = builder()?.with_client_cert_verifier(Arc::new(Known(verifier)));
            finished(builder, &issued)
        }
    }
}

type Builder<State> = rustls::ConfigBuilder<ServerConfig, State>;

fn builder() -> Result<Builder<rustls::WantsVerifier>, TlsError> {
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
}

fn finished(
    builder: Builder<rustls::server::WantsServerCert>,
    issued: &Issued,
) -> Result<Arc<ServerConfig>, TlsError> {
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes());
    let certificate = certificate.map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes());
    let key = key.map_err(|error| error.to_string())?;
    let mut config = builder
        .with_single_cert(vec![certificate], key)
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// Lets in whom the cluster's authorities signed. All authorities of Talos have one name: a
/// certificate of another cluster has the right issuer and the wrong signature, which Go calls an
/// unknown authority.
#[derive(Debug)]
struct Known(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Known {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.0.verify_client_cert(certificate, others, now);
        verified.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::BadSignature) => {
                Error::InvalidCertificate(CertificateError::UnknownIssuer)
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
