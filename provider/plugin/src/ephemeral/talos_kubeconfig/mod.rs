//! Ephemeral `talos_kubeconfig`: a short-lived kubeconfig.

mod model;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::EphemeralKubeconfig;
