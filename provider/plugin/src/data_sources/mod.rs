//! Data sources, one folder per type.

pub mod talos_health;
pub mod talos_machine_config;
pub mod talos_node;

use framework::prelude::*;

use crate::provider::TalosStack;

/// Adds all data sources.
pub fn register(registry: &mut Registry<TalosStack>) {
    registry.data_source::<talos_health::TalosHealth>();
    registry.data_source::<talos_machine_config::TalosMachineConfig>();
    registry.data_source::<talos_node::TalosNode>();
}
