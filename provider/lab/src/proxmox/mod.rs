//! Proxmox VE 9.2, simulated: the state of a cluster and what each request does to it.
//!
//! Everything here is pure: a request, a moment and the state give an answer and a new state.
//! Facts come from exchanges recorded with PVE 9.2 where a comment does not name another source.

mod answer;
mod auth;
mod call;
mod cluster;
mod codec;
mod datacenter;
mod effect;
mod fetch;
mod gates;
mod node;
mod request;
mod route;
mod schema;
pub(crate) mod setup;
mod storage;
mod task;
mod vm;

pub mod server;

pub use answer::Answer;
pub use effect::{Cdrom, Disk, Effect, Link, PowerOn};
pub use fetch::{Fetch, Fetched};
pub use request::{Body, File, Request};

pub(crate) use datacenter::Datacenter;
pub(crate) use route::Outcome;
pub(crate) use storage::Blobs;
