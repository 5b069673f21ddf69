//! `talos_bootstrap`: starts etcd once, adopts it where it runs.

mod decide;
mod model;
mod observe;
mod plan;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::TalosBootstrap;
