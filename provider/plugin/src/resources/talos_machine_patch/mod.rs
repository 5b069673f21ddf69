//! `talos_machine_patch`: lays patches over a live configuration and owns only what they set.

mod decide;
mod model;
mod plan;
mod preview;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::TalosMachinePatch;
