//! TLS towards one host, with the certificate that it presented kept for the error text.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::error::{Code, Error, Result};
use crate::settings::{Fingerprint, Trust};

/// Checks the server's certificate and keeps what it saw.
#[derive(Debug)]
pub(crate) struct Examiner {
    trust: Checks,
    provider: CryptoProvider,
    seen: Mutex<Option<Seen>>,
}

/// What a handshake failed on.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    fingerprint: Fingerprint,
    names: String,
    refused: Option<Code>,
}

#[derive(Debug)]
enum Checks {
    Signed(Arc<WebPkiServerVerifier>),
    Pinned(Vec<Fingerprint>),
    Anything,
}

impl Examiner {
    pub fn new(trust: &Trust) -> Result<Arc<Examiner>> {
        let checks = if trust.insecure {
            Checks::Anything
        } else if trust.fingerprints.is_empty() {
            Checks::Signed(verifier(&trust.ca_pem)?)
        } else {
            Checks::Pinned(trust.fingerprints.clone())
        };
        Ok(Arc::new(Examiner {
            trust: checks,
            provider: ring::default_provider(),
            seen: Mutex::new(None),
        }))
    }

    /// The refused certificate, if the last handshake ended over it.
    pub fn refusal(&self) -> Option<(Code, String)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.as_ref()?;
        let code = seen.refused?;
        Some((
            code,
            format!(
                "a certificate for {} with the fingerprint {}",
                seen.names, seen.fingerprint
            ),
        ))
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        match &self.trust {
            Checks::Anything => Ok(()),
            Checks::Pinned(wanted) if wanted.contains(&Fingerprint::of(leaf)) => Ok(()),
            Checks::Pinned(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Checks::Signed(verifier) => verifier
                .verify_server_cert(leaf, intermediates, name, ocsp, now)
                .map(|_| ()),
        }
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
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let verdict = self.judge(leaf, intermediates, name, ocsp, now);
        let seen = Seen {
            fingerprint: Fingerprint::of(leaf),
            names: names(leaf),
            refused: verdict.as_ref().err().map(code),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        verdict.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The configuration of one host's connections. Proxmox VE speaks HTTP/1.1 only, and its messages may lie in the reason phrase.
pub(crate) fn config(examiner: &Arc<Examiner>) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error.to_string()))?;
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(examiner.clone())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(ca_pem: &str) -> Result<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(&error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(&error.to_string()))?;
    }
    if !ca_pem.trim().is_empty() && roots.len() == webpki_roots::TLS_SERVER_ROOTS.len() {
        return Err(unusable("there is no certificate in it"));
    }
    let provider = Arc::new(ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(&error.to_string()))
}

fn unusable(why: &str) -> Error {
    Error::new(
        Code::Settings,
        "reading `proxmox.ca_pem`",
        format!("{why}; it is PEM text, as in /etc/pve/pve-root-ca.pem of a host"),
    )
}

fn code(error: &rustls::Error) -> Code {
    use CertificateError as E;
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            E::ApplicationVerificationFailure => Code::TlsFingerprint,
            E::NotValidForName | E::NotValidForNameContext { .. } => Code::TlsName,
            E::Expired
            | E::ExpiredContext { .. }
            | E::NotValidYet
            | E::NotValidYetContext { .. } => Code::TlsExpired,
            _ => Code::TlsAuthority,
        },
        _ => Code::TlsAuthority,
    }
}

/// Whom a certificate says it belongs to.
fn names(leaf: &[u8]) -> String {
    x509_parser::parse_x509_certificate(leaf)
        .map(|(_, certificate)| certificate.subject().to_string())
        .ok()
        .filter(|subject| !subject.is_empty())
        .unwrap_or_else(|| "nobody".to_owned())
}
