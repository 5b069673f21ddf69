//! `talos_secrets`: everything the machines of a cluster share, generated once.

mod model;
mod plan;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::TalosSecrets;
