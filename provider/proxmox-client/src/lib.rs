//! Proxmox VE over its REST API.
//!
//! Requests and answers are values; the I/O between them is thin. Failures are one taxonomy ([`CATALOGUE`]). A request that may
//! have had an effect is never repeated: its error says so, and the caller looks.

mod answer;
mod calls;
mod client;
pub mod codec;
mod error;
#[cfg(test)]
mod recorded;
mod request;
mod settings;
mod task;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod transport;

pub use calls::cluster::{Cluster, Kind, Node, Place};
pub use calls::storage::{Download, Remote, Storage, Volume};
pub use calls::upload::{Source, Upload};
pub use calls::vm::{Config, GuestInterface, Pending, Power, Status};
pub use client::Client;
pub use client_core::{Backoff, Cx, Entry};
pub use error::{CATALOGUE, Code, Error, Result, Sent, page as errors_page};
pub use settings::{Endpoint, Fingerprint, Settings, Token, Trust};
pub use task::{Finished, TaskRow, Upid};
