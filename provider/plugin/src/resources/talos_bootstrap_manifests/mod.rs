//! `talos_bootstrap_manifests`: what a cluster needs before GitOps takes over.

mod apply;
mod model;
mod plan;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::TalosBootstrapManifests;
