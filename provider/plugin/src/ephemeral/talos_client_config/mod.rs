//! Ephemeral `talos_client_config`: a short-lived identity for the Talos API.

mod model;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::TalosClientConfig;
