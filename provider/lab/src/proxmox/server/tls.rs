//! Certificates: one authority of the cluster, one certificate per host.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};

use crate::tls::provider;

/// The cluster's certificate authority.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The authority kept in a folder, made there at first use; without a folder a new one.
    ///
    /// # Errors
    /// The files cannot be read, understood or written.
    pub fn load(folder: Option<&Path>) -> Result<Self, String> {
        let Some(folder) = folder else {
            return Self::make();
        };
        let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
        if let (Ok(pem), Ok(key)) = (
            std::fs::read_to_string(&certificate),
            std::fs::read_to_string(&key),
        ) {
            let wrong = |error: rcgen::Error| format!("{}: {error}", folder.display());
            let key = KeyPair::from_pem(&key).map_err(wrong)?;
            // The name is all that signing needs of the certificate.
            let issuer = Issuer::new(Self::parameters(), key);
            return Ok(Self { pem, issuer });
        }
        let made = Self::make()?;
        let pem = made.issuer.key().serialize_pem();
        let written =
            std::fs::write(&certificate, &made.pem).and_then(|()| std::fs::write(&key, pem));
        written.map_err(|error| format!("cannot write {}: {error}", folder.display()))?;
        Ok(made)
    }

    fn parameters() -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = "PVE Cluster Manager CA";
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters
    }

    fn make() -> Result<Self, String> {
        let failed = |error: rcgen::Error| format!("cannot make a certificate: {error}");
        let key = KeyPair::generate().map_err(failed)?;
        let parameters = Self::parameters();
        let pem = parameters.self_signed(&key).map_err(failed)?.pem();
        Ok(Self {
            pem,
            issuer: Issuer::new(parameters, key),
        })
    }

    /// The authority's certificate.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// TLS of a server, and the SHA-256 fingerprint of its certificate as PVE shows it.
    ///
    /// # Errors
    /// A name is none.
    pub fn server(
        &self,
        name: &str,
        addresses: &[IpAddr],
    ) -> Result<(Arc<ServerConfig>, String), String> {
        let failed = |error: rcgen::Error| format!("cannot make a certificate for {name}: {error}");
        let names = vec![name.to_owned(), "localhost".to_owned()];
        let mut parameters = CertificateParams::new(names).map_err(failed)?;
        let addresses = addresses.iter().map(|address| SanType::IpAddress(*address));
        parameters.subject_alt_names.extend(addresses);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters.signed_by(&key, &self.issuer).map_err(failed)?;
        let digest = Sha256::digest(certificate.der());
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(|error| error.to_string())?;
        Ok((Arc::new(config), pairs.join(":")))
    }
}

/// TLS of a host that fetches something; it trusts what it is told to.
///
/// # Errors
/// The provider knows no version of TLS, which ring's does.
pub(crate) fn client_tls(
    verify: bool,
    trusted: &[CertificateDer<'static>],
) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if !verify {
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(Anybody(provider())));
    }
    Ok(config)
}

/// `verify-certificates=0`.
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
