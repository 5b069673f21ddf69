//! The lab: a Proxmox VE cluster and the Talos machines in it, played on one machine, for tests, demonstrations and
//! rehearsals.
//!
//! It shares contracts with the clients, never code. Each behaviour names where the fact comes
//! from; where the facts end, the lab is stricter than the real system.

pub mod cli;
pub mod cluster;
pub mod faults;
pub mod journal;
pub mod proxmox;
#[doc(hidden)]
pub mod skip;
pub mod talos;
pub mod world;
