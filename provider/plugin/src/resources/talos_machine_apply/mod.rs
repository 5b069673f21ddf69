//! `talos_machine_apply`: brings a machine to a base configuration, keeps what others added.

mod decide;
mod desired;
mod model;
mod plan;
mod preview;
mod reset;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::TalosMachineApply;
