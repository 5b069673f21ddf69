//! What bootstrapping needs of Kubernetes and Flux, over kube-rs.
//!
//! Decisions are values: readiness, ownership, differences, what Flux says. The I/O is thin, and failures are one taxonomy
//! ([`CATALOGUE`]). Writing is server-side apply and deletion by UID, which end the same however often they are sent.

mod access;
mod apply;
pub mod artifact;
mod client;
mod difference;
mod error;
pub mod flux;
mod kinds;
mod manifest;
mod object;
mod owner;
pub mod patch;
mod readiness;
mod remove;
mod rollout;

pub use access::{Access, FromKubeconfig, FromValues};
pub use apply::{MANAGER, Mode, ordered};
pub use client::Client;
pub use client_core::{Backoff, Cx, Entry};
pub use difference::{asked_for, difference};
pub use error::{CATALOGUE, Code, Error, Result, Sent, page as errors_page};
pub use manifest::parse;
pub use object::Id;
pub use owner::{Owner, owner};
pub use readiness::{Condition, Readiness, condition, finalizers, readiness};
