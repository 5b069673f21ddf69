//! An authority of Talos, and what it signs.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, PKCS_ED25519,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Certificate and key in PEM.
pub struct Authority {
    /// The certificate.
    pub certificate: String,
    /// The key, PKCS #8.
    pub key: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new one, with the name that all authorities of Talos have.
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let certificate = Self::parameters("talos").self_signed(&key).unwrap().pem();
        Self {
            certificate,
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn parameters(organization: &str) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        let name = &mut parameters.distinguished_name;
        name.push(DnType::OrganizationName, organization);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters
    }

    /// Certificate and key of a client with a role, in PEM.
    pub fn client(&self, role: &str) -> (String, String) {
        let signer = KeyPair::from_pem(&self.key).unwrap();
        let issuer = Issuer::new(Self::parameters("talos"), signer);
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        let name = &mut parameters.distinguished_name;
        name.push(DnType::OrganizationName, role);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&key, &issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// TLS of a client with a role, who trusts this authority.
    pub fn tls(&self, role: &str) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let (certificate, key) = self.identity(role);
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)
            .unwrap()
    }

    /// Certificate and key of a client with a role.
    pub(crate) fn identity(&self, role: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let (certificate, key) = self.client(role);
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        (certificate, key)
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
