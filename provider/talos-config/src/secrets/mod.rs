//! The secrets a cluster starts from: generation, the text of `talosctl gen secrets`, checks.

mod adopt;
mod bundle;
mod check;
mod generate;
mod kubernetes;
mod read;
mod secret;
mod text;

pub use adopt::AdoptError;
pub use bundle::{Bundle, CertAndKey, Certs, Cluster, KeyOnly, Secrets, TrustdInfo};
pub use check::fingerprint;
pub use kubernetes::{KubernetesPki, PkiError};
pub use secret::Secret;
pub use text::BundleError;
