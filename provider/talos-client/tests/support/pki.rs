//! Certificates of a cluster, as Talos makes them.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PKCS_ED25519, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, crypto::ring};
use talos_client::{Error, Identity};

/// The CA of a cluster.
pub struct Pki {
    ca_pem: String,
    ca_der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// How a machine presents itself.
pub struct Server {
    pub name: &'static str,
    pub common_name: &'static str,
    pub from_year: i32,
    pub to_year: i32,
    pub wants_client: bool,
    pub alpn: Vec<Vec<u8>>,
}

impl Default for Server {
    fn default() -> Server {
        let alpn = vec![b"h2".to_vec()];
        Server {
            name: "127.0.0.1",
            common_name: "cp1",
            from_year: 2020,
            to_year: 2090,
            wants_client: true,
            alpn,
        }
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ED25519).unwrap()
}

impl Pki {
    pub fn new() -> Pki {
        Pki::of("talos")
    }

    /// A CA of this organization.
    pub fn of(organization: &str) -> Pki {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.remove(DnType::CommonName);
        params
            .distinguished_name
            .push(DnType::OrganizationName, organization);
        let key = key();
        let certificate = params.self_signed(&key).unwrap();
        Pki {
            ca_pem: certificate.pem(),
            ca_der: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// TLS of a machine whose certificate this CA signs and which accepts clients of `clients`.
    pub fn server(&self, server: &Server, clients: &Pki) -> ServerConfig {
        let mut params = CertificateParams::new(vec![server.name.to_owned()]).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, server.common_name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(server.from_year, 1, 1);
        params.not_after = date_time_ymd(server.to_year, 1, 1);
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(clients.ca_der.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match server.wants_client {
            true => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .unwrap(),
            ),
            false => builder.with_no_client_auth(),
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = builder
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = server.alpn.clone();
        config
    }

    /// The members of a `client_configuration`: CA, certificate, key.
    pub fn client(&self, role: &str, from_year: i32, to_year: i32) -> [String; 3] {
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        params
            .distinguished_name
            .push(DnType::OrganizationName, role);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(from_year, 1, 1);
        params.not_after = date_time_ymd(to_year, 1, 1);
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        // Talos's own label of such keys.
        let key = key
            .serialize_pem()
            .replace("PRIVATE KEY", "ED25519 PRIVATE KEY");
        [self.ca_pem.clone(), certificate.pem(), key].map(|pem| STANDARD.encode(pem))
    }

    pub fn identity(&self) -> Identity {
        let [ca, certificate, key] = self.client("os:admin", 2020, 2090);
        Identity::parse(&ca, &certificate, &key).unwrap()
    }

    /// The identity of another CA's client that trusts machines of this one.
    pub fn identity_signed_by(&self, other: &Pki) -> Identity {
        let [_, certificate, key] = other.client("os:admin", 2020, 2090);
        Identity::parse(&STANDARD.encode(&self.ca_pem), &certificate, &key).unwrap()
    }

    pub fn refused(members: [&str; 3]) -> Error {
        match Identity::parse(members[0], members[1], members[2]) {
            Ok(_) => panic!("taken"),
            Err(error) => error,
        }
    }
}
