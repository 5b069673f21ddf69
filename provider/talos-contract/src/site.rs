//! Where the exchanges take place: a machine's address, and the cluster that it becomes.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::SecretKey;
use p256::pkcs8::DecodePrivateKey as _;
use rcgen::KeyPair;
use rustls::ClientConfig;

use crate::wire::{insecure, trusting_client};
use crate::{Authority, Who};

/// A machine and its cluster.
pub struct Site {
    /// The machine's address.
    pub address: IpAddr,
    /// An address in the same network that nobody has.
    pub nobodys: IpAddr,
    /// The release of Kubernetes in the configuration: `v1.35.6`.
    pub kubernetes: String,
    /// The configuration of a control plane, with new keys.
    pub config: String,
    clients: BTreeMap<&'static str, Authority>,
}

const TEMPLATE: &str = include_str!("config.yaml");

impl Site {
    /// A cluster that was never there, for a machine at an address.
    pub fn new(address: IpAddr, nobodys: IpAddr, kubernetes: &str) -> Self {
        let own = Authority::new();
        let mut config = TEMPLATE
            .replace("{address}", &address.to_string())
            .replace("{kubernetes}", kubernetes)
            .replace("{os_crt}", &STANDARD.encode(&own.certificate))
            .replace("{os_key}", &STANDARD.encode(ed25519(&own.key)))
            .replace("{account_key}", &STANDARD.encode(sec1(&ecdsa())));
        for name in ["k8s", "aggregator", "etcd"] {
            let key = ecdsa();
            let certificate = Authority::parameters(name).self_signed(&key).unwrap();
            config = config
                .replace(
                    &format!("{{{name}_crt}}"),
                    &STANDARD.encode(certificate.pem()),
                )
                .replace(&format!("{{{name}_key}}"), &STANDARD.encode(sec1(&key)));
        }
        Self {
            address,
            nobodys,
            kubernetes: kubernetes.to_owned(),
            config,
            clients: BTreeMap::from([("own", own), ("other", Authority::new())]),
        }
    }

    /// TLS of somebody.
    pub(crate) fn tls(&self, who: Who) -> ClientConfig {
        let authority = match who {
            Who::Foreign => &self.clients["other"],
            _ => &self.clients["own"],
        };
        who.role()
            .map_or_else(insecure, |role| trusting_client(authority, role))
    }
}

fn ecdsa() -> KeyPair {
    KeyPair::generate().unwrap()
}

/// Talos' own name of a key's form.
fn ed25519(key: &str) -> String {
    key.replace("PRIVATE KEY", "ED25519 PRIVATE KEY")
}

/// An ECDSA key as Talos reads it: SEC 1, which names its curve (RFC 5915).
fn sec1(key: &KeyPair) -> String {
    const CURVE: [u8; 12] = [
        0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    let secret = SecretKey::from_pkcs8_der(&key.serialize_der()).unwrap();
    let public = key.public_key_raw();
    let der = [
        &[0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20],
        &secret.to_bytes()[..],
        &CURVE,
        &[0xa1, 0x44, 0x03, 0x42, 0x00],
        public,
    ]
    .concat();
    pem::encode(&pem::Pem::new("EC PRIVATE KEY", der))
}
