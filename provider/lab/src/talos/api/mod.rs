//! The wire: gRPC over TLS at port 50000, with roles, forwarding, journal and faults.

mod authority;
mod forward;
mod frame;
mod roles;
mod route;
mod serve;
mod tls;

pub(crate) use frame::{Reply, decode, one, stream};
pub(crate) use roles::Roles;
pub(crate) use serve::serve;
pub(crate) use tls::{TlsError, tls};

use bytes::Bytes;

/// A call as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `/machine.MachineService/Version`.
    pub path: String,
    /// The request's messages: one, but for calls that stream to the machine.
    pub messages: Vec<Bytes>,
    /// What the caller may do.
    pub roles: Roles,
    /// The metadata `node`.
    pub node: Vec<String>,
    /// The metadata `nodes`.
    pub nodes: Vec<String>,
}
