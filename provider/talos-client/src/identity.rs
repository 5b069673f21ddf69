//! Who we are towards a machine: the members of `client_configuration`, ready for TLS.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, crypto::ring};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::certificate::{Facts, fingerprint};
use crate::error::{Code, Error, Result};

/// A client certificate with its key, and the CA that machines are verified against.
///
/// Cheap to clone. The key has no textual form.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    verifier: Arc<WebPkiServerVerifier>,
    key: Arc<CertifiedKey>,
    ca_fingerprint: String,
    ca_key_id: Option<String>,
    certificate_fingerprint: String,
    roles: Vec<String>,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl Identity {
    /// Reads the three members of `client_configuration`, each base64 of PEM; PEM itself is taken too.
    ///
    /// # Errors
    /// `TS-CLIENT-CONFIGURATION` naming the member that cannot be used.
    pub fn parse(
        ca_certificate: &str,
        client_certificate: &str,
        client_key: &str,
    ) -> Result<Identity> {
        let provider = Arc::new(ring::default_provider());
        let cas = certificates("ca_certificate", ca_certificate)?;
        let chain = certificates("client_certificate", client_certificate)?;
        let key = private_key(&provider, client_key)?;
        let (ca, leaf) = (
            first("ca_certificate", &cas)?,
            first("client_certificate", &chain)?,
        );
        let certified = CertifiedKey::new(chain.clone(), key);
        certified
            .keys_match()
            .map_err(|_| unusable("client_key", "it is not the key of client_certificate"))?;
        Ok(Identity(Arc::new(Inner {
            verifier: verifier(&provider, cas.clone())?,
            key: Arc::new(certified),
            ca_fingerprint: ca.fingerprint,
            ca_key_id: ca.subject_key_id,
            certificate_fingerprint: leaf.fingerprint,
            roles: leaf.organizations,
            not_before: at(leaf.not_before),
            not_after: at(leaf.not_after),
        })))
    }

    /// Base64 SHA-256 of the public key (SubjectPublicKeyInfo) of the CA, as in `fingerprints` of talos_secrets.
    pub fn ca_fingerprint(&self) -> &str {
        &self.0.ca_fingerprint
    }

    /// Subject key identifier of the CA in lower-case hex, which the certificates it signs repeat.
    pub fn ca_key_id(&self) -> Option<&str> {
        self.0.ca_key_id.as_deref()
    }

    /// The roles that the client certificate carries, such as `os:admin`.
    pub fn roles(&self) -> &[String] {
        &self.0.roles
    }

    /// Start of the client certificate's validity.
    pub fn not_before(&self) -> SystemTime {
        self.0.not_before
    }

    /// End of the client certificate's validity.
    pub fn not_after(&self) -> SystemTime {
        self.0.not_after
    }

    pub(crate) fn verifier(&self) -> Arc<WebPkiServerVerifier> {
        self.0.verifier.clone()
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        self.0.key.clone()
    }

    /// Tells identities apart in the connection pool.
    pub(crate) fn key(&self) -> String {
        format!(
            "{}/{}",
            self.0.ca_fingerprint, self.0.certificate_fingerprint
        )
    }
}

fn at(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn unusable(member: &str, why: &str) -> Error {
    Error::new(
        Code::ClientConfiguration,
        format!("reading {member} of client_configuration"),
        format!("{member}: {why}"),
    )
}

/// The PEM text of a member: base64 of PEM, or PEM as it is.
fn pem_text(member: &str, value: &str) -> Result<Zeroizing<String>> {
    let value = value.trim();
    if value.is_empty() {
        return Err(unusable(member, "it is empty"));
    }
    if value.starts_with("-----BEGIN") {
        return Ok(Zeroizing::new(value.to_owned()));
    }
    let bytes = Zeroizing::new(
        STANDARD
            .decode(value)
            .map_err(|_| unusable(member, "it is neither PEM nor base64"))?,
    );
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| unusable(member, "its base64 does not hold PEM"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn certificates(member: &str, value: &str) -> Result<Vec<CertificateDer<'static>>> {
    let text = pem_text(member, value)?;
    let blocks =
        pem::parse_many(text.as_bytes()).map_err(|_| unusable(member, "its PEM is damaged"))?;
    let found: Vec<_> = blocks
        .into_iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .map(|block| CertificateDer::from(block.into_contents()))
        .collect();
    if found.is_empty() {
        return Err(unusable(member, "it holds no CERTIFICATE block"));
    }
    Ok(found)
}

fn first(member: &str, chain: &[CertificateDer<'static>]) -> Result<Facts> {
    chain
        .first()
        .and_then(|der| {
            X509Certificate::from_der(der)
                .ok()
                .map(|(_, parsed)| Facts::of(&parsed))
        })
        .ok_or_else(|| unusable(member, "its certificate is damaged"))
}

/// Talos labels Ed25519 keys `ED25519 PRIVATE KEY`; the content is plain PKCS#8.
fn private_key(
    provider: &CryptoProvider,
    value: &str,
) -> Result<Arc<dyn rustls::sign::SigningKey>> {
    let text = pem_text("client_key", value)?;
    let block =
        pem::parse(text.as_bytes()).map_err(|_| unusable("client_key", "its PEM is damaged"))?;
    let tag = block.tag().to_owned();
    let der = match tag.as_str() {
        "PRIVATE KEY" | "ED25519 PRIVATE KEY" => {
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(block.into_contents()))
        }
        "EC PRIVATE KEY" => PrivateKeyDer::Sec1(block.into_contents().into()),
        "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(block.into_contents().into()),
        _ => {
            return Err(unusable(
                "client_key",
                "it holds no private key of a known kind",
            ));
        }
    };
    provider
        .key_provider
        .load_private_key(der)
        .map_err(|_| unusable("client_key", "its key is damaged or of an unknown kind"))
}

fn verifier(
    provider: &Arc<CryptoProvider>,
    cas: Vec<CertificateDer<'static>>,
) -> Result<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    for ca in cas {
        roots
            .add(ca)
            .map_err(|_| unusable("ca_certificate", "its certificate cannot be used as a CA"))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|_| unusable("ca_certificate", "it cannot be used to verify machines"))
}

/// The fingerprint by which people compare CAs, of one member of `client_configuration`.
///
/// # Errors
/// `TS-CLIENT-CONFIGURATION` when it holds no certificate.
pub fn ca_fingerprint(ca_certificate: &str) -> Result<String> {
    let cas = certificates("ca_certificate", ca_certificate)?;
    let parsed = cas.first().and_then(|der| {
        X509Certificate::from_der(der)
            .ok()
            .map(|(_, parsed)| fingerprint(&parsed))
    });
    parsed.ok_or_else(|| unusable("ca_certificate", "its certificate is damaged"))
}
