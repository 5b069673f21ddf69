//! The secrets a cluster starts from: generation, the text of `talosctl gen secrets`, checks.

mod bundle;
mod secret;

pub use bundle::{Bundle, CertAndKey, Certs, Cluster, KeyOnly, Secrets, TrustdInfo};
pub use secret::Secret;
