//! Talos played: what the lab's VMs boot into, and machines without a hypervisor.
//!
//! `life` and what it uses are pure; `fleet` plays them; `api` is the wire. Facts are from Talos
//! 1.12.6 (files are named where they are used) and from real machines' transcripts.

mod api;
mod calls;
mod config;
mod cosi;
mod etcd;
mod fleet;
mod life;
mod machine;
mod pki;
mod seed;
mod yaml;

pub use fleet::{Addresses, Fleet, NoAddresses, Settings};
