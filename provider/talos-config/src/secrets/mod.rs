//! The secrets a cluster starts from: generation, the text of `talosctl gen secrets`, checks.

mod bundle;
mod check;
mod generate;
mod secret;
mod text;

pub use bundle::{Bundle, CertAndKey, Certs, Cluster, KeyOnly, Secrets, TrustdInfo};
pub use check::fingerprint;
pub use secret::Secret;
pub use text::BundleError;
