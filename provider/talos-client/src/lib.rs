//! Talos nodes over gRPC and mutual TLS.
//!
//! A [`Client`] stands for one machine at one or more addresses. Every call takes a [`Cx`] with its deadline and cancellation, waits
//! out what waiting cures, never repeats what may have been carried out, and fails with an [`Error`] that says why and what to do.

mod calls;
mod certificate;
mod client;
mod cx;
mod dial;
mod endpoint;
mod error;
mod facts;
pub mod health;
mod identity;
mod method;
mod pool;
mod reach;
mod recorder;
mod refusal;
mod tls;
mod watched;
mod wire;
mod yaml;

pub use calls::kind as kinds;
pub use calls::{
    Applied, ApplyMode, ApplyRequest, Bootstrap, ConfigId, EtcdMember, EtcdStatus, Kind,
    MachineConfig, RebootMode, ResetRequest, Resource, SecretText, Service, Version,
};
pub use client::{Client, ClientBuilder};
pub use client_core::Entry;
pub use cx::{Cx, Progress};
pub use endpoint::{DEFAULT_PORT, Endpoint};
pub use error::{CATALOGUE, Code, Error, Result, Sent, page as errors_page};
pub use facts::{
    ClusterInfo, Disk, Extension, Link, MachineStatus, NodeFacts, Stage, UnmetCondition,
};
pub use identity::{Identity, ca_fingerprint};
pub use pool::Pool;
pub use reach::{Reach, reach};
pub use recorder::{Exchange, JsonLines, Recorder};
