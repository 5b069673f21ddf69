//! `talos_health`: one look at the health of a cluster, through the Talos API.

mod api;
mod cluster;
mod data_source;
mod kubernetes;
mod machines;
mod model;
#[cfg(test)]
mod tests;
mod verdict;

pub use data_source::TalosHealth;
