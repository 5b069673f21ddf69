//! `talos_machine_config`: the configuration of machines of one role, rendered offline.

mod checks;
mod data_source;
mod model;
mod patches;
mod render;
#[cfg(test)]
mod tests;

pub use data_source::TalosMachineConfig;
