//! `flux_instance`: a FluxInstance, with the secrets that its sync needs.

mod adopt;
mod apply;
mod credentials;
mod destroy;
mod model;
mod observe;
mod plan;
mod resource;
mod secrets;
mod spec;
#[cfg(test)]
mod tests;
mod wait;

pub use resource::FluxInstanceResource;
