//! Property strings and the values in them, as the server reads and writes them.
//!
//! Written for the lab alone; no client shares it.

pub(crate) mod boot;
pub(crate) mod cpu;
mod drive;
mod net;
pub(crate) mod property_string;
mod size;
mod tags;
mod text;
#[cfg(test)]
mod vectors;

pub(crate) use drive::{Drive, NewVolume};
pub(crate) use net::Nic;
pub(crate) use size::{bytes_of, round_to_kib};
pub(crate) use tags::normal_tags;
pub(crate) use text::{percent_decode, percent_encode};
