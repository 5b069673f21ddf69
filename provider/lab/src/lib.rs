//! The lab: a Proxmox VE cluster and the Talos machines in it, played on one machine, for tests, demonstrations and
//! rehearsals.
//!
//! It shares contracts with the clients, never code. Each behaviour names where the fact comes
//! from; where the facts end, the lab is stricter than the real system.

pub mod cli;
pub mod cluster;
mod factory;
pub mod faults;
mod git;
pub mod journal;
pub mod kubernetes;
mod listen;
mod process;
pub mod proxmox;
mod registry;
pub mod services;
#[doc(hidden)]
pub mod skip;
pub mod talos;
mod tls;
pub mod tools;
pub mod world;
