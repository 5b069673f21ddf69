//! The API over HTTPS, one listener per host.

mod http;
mod multipart;
mod tls;

pub use http::{Served, serve};
pub use tls::Authority;

pub(crate) use tls::client_tls;
