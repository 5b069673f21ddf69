//! `flux_operator`: flux-operator, installed from its published manifests.

mod apply;
mod destroy;
mod model;
mod patches;
mod plan;
mod render;
mod resource;
mod source;
#[cfg(test)]
mod tests;

pub use resource::FluxOperatorResource;
