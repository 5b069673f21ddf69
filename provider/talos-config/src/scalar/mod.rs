//! Scalars with a meaning: how each type is read, and the form in which Talos writes it again.

mod decode;
mod duration;
mod net;
mod size;
mod url;

pub(crate) use decode::{decode, is_zero, zero};
pub(crate) use duration::{format as format_duration, parse as parse_duration};
pub(crate) use net::{Prefix, parse_addr, parse_addr_port, parse_prefix};
pub(crate) use size::parse_bytes;
pub(crate) use url::Url;

#[cfg(test)]
mod tests;
