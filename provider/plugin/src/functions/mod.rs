//! Functions, one file each: pure, offline, without the provider's configuration.

mod arguments;
mod installer_image;
mod machine_config_diff;
mod machine_config_merge;
mod machine_config_redact;
mod machine_config_validate;
mod schematic_id;
mod secrets_yaml;
mod talosconfig;
#[cfg(test)]
mod tests;

use framework::prelude::*;

use crate::provider::TalosStack;

/// Adds all functions.
pub fn register(registry: &mut Registry<TalosStack>) {
    registry.function::<installer_image::InstallerImage>();
    registry.function::<machine_config_diff::MachineConfigDiff>();
    registry.function::<machine_config_merge::MachineConfigMerge>();
    registry.function::<machine_config_redact::MachineConfigRedact>();
    registry.function::<machine_config_validate::MachineConfigValidate>();
    registry.function::<schematic_id::SchematicId>();
    registry.function::<secrets_yaml::SecretsYaml>();
    registry.function::<talosconfig::Talosconfig>();
}
