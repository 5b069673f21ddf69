//! `talos_bootstrap`: starts etcd once, adopts it where it runs.

mod decide;
mod describe;
mod job;
mod model;
mod observe;
mod plan;
mod resource;
mod start;
#[cfg(test)]
mod tests;
mod turn;
mod wait;

pub use resource::TalosBootstrap;
