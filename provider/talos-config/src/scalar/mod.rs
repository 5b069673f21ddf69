//! Scalars with a meaning: how each type is read, and the form in which Talos writes it again.

mod decode;
mod duration;
mod net;
mod size;
mod url;

pub(crate) use decode::{decode, is_zero, zero};
#[cfg(test)]
use duration::format as format_duration;
pub(crate) use duration::parse as parse_duration;
#[cfg(test)]
use net::parse_addr_port;
pub(crate) use net::{Prefix, parse_addr, parse_prefix};
pub(crate) use size::{format_disk_size, parse_bytes};
pub(crate) use url::Url;

#[cfg(test)]
mod tests;
