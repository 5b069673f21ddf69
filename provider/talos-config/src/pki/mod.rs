//! Keys and certificates as Talos and Kubernetes expect them, issued without a network.
//!
//! Clock and randomness are arguments. Shapes follow the certificates that Talos 1.12 issues.

mod certificate;
mod client;
mod curve;
mod der;
mod keys;
mod oid;
pub(crate) mod pem;
mod rsa_key;
mod time;

pub use certificate::{
    AUTHORITY_LIFETIME_SECONDS, Authority, Certificate, CertificateError, ClientKind, Subject,
    Validity, self_signed,
};
pub use client::{ClientCredentials, Lifetime, kubernetes_client, talos_client};
pub use curve::CurveKey;
pub use der::DerError;
pub use keys::{Family, KeyError, PrivateKey, standard_label};
pub use pem::PemError;
pub use time::Timestamp;
