//! The provider on the lab: from bare Proxmox VE hosts to Flux and everything that may happen on the way.
//!
//! One program, so that tests that mostly wait do so side by side.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

mod changes;
mod cluster;
mod errors;
mod kills;
