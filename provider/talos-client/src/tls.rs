//! TLS towards one machine, with the certificate that it presented kept for the error text.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::certificate::Facts;
use crate::identity::Identity;

/// How a machine is to be spoken to.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// Mutual TLS.
    Identity(Identity),
    /// Maintenance mode: no client certificate, any server certificate, or only the one with this fingerprint.
    Insecure { fingerprint: Option<String> },
}

impl Credentials {
    /// Tells credentials apart in the connection pool.
    pub fn key(&self) -> String {
        match self {
            Credentials::Identity(identity) => identity.key(),
            Credentials::Insecure { fingerprint } => {
                format!("insecure/{}", fingerprint.as_deref().unwrap_or_default())
            }
        }
    }
}

/// Checks the server's certificate and keeps what it says.
#[derive(Debug)]
pub(crate) struct Examiner {
    trust: Trust,
    provider: CryptoProvider,
    seen: Mutex<Option<Facts>>,
}

#[derive(Debug)]
enum Trust {
    Ca(Arc<WebPkiServerVerifier>),
    Fingerprint(String),
    Anything,
}

impl Examiner {
    fn new(credentials: &Credentials) -> Examiner {
        let trust = match credentials {
            Credentials::Identity(identity) => Trust::Ca(identity.verifier()),
            Credentials::Insecure {
                fingerprint: Some(fingerprint),
            } => Trust::Fingerprint(fingerprint.clone()),
            Credentials::Insecure { fingerprint: None } => Trust::Anything,
        };
        Examiner {
            trust,
            provider: ring::default_provider(),
            seen: Mutex::new(None),
        }
    }

    /// The leaf certificate that the server presented, once it did.
    pub fn seen(&self) -> Option<Facts> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ServerCertVerifier for Examiner {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let facts = Facts::parse(leaf).ok_or(CertificateError::BadEncoding)?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts.clone());
        match &self.trust {
            Trust::Ca(verifier) => {
                verifier.verify_server_cert(leaf, intermediates, name, ocsp, now)
            }
            Trust::Fingerprint(wanted) if *wanted != facts.fingerprint => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Trust::Fingerprint(_) | Trust::Anything => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Presents one certificate whatever the server lists as acceptable: its list of names says nothing in Talos.
#[derive(Debug)]
struct Present(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Present {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// TLS settings for one connection, and the examiner that will know the server's certificate.
pub(crate) fn settings(credentials: &Credentials) -> Result<(ClientConfig, Arc<Examiner>), Error> {
    let examiner = Arc::new(Examiner::new(credentials));
    let certificate = match credentials {
        Credentials::Identity(identity) => Some(identity.certified_key()),
        Credentials::Insecure { .. } => None,
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(examiner.clone())
        .with_client_cert_resolver(Arc::new(Present(certificate)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A machine that restarted has forgotten its sessions.
    config.resumption = Resumption::disabled();
    Ok((config, examiner))
}
