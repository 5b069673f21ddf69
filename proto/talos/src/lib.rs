//! The Talos machine API and the state API of its controller runtime: messages, clients and servers.
//!
//! The contracts are the `.proto` files of this crate; `cargo xtask proto` writes `src/generated`.

#[allow(missing_docs, clippy::all)]
mod generated;

pub use generated::{cluster, common, cosi, google, machine, storage};
