//! `talos_kubeconfig`: minted from the cluster's secrets, without asking the cluster.

mod mint;
mod model;
mod plan;
mod resource;
#[cfg(test)]
mod tests;

pub use mint::{Request, mint};
pub use model::KubernetesClientConfiguration;
pub use resource::TalosKubeconfig;
