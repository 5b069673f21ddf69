//! Resources, one folder per type.

pub mod flux_instance;
pub mod flux_operator;
pub mod proxmox_talos_image;
pub mod proxmox_talos_vm;
pub mod talos_bootstrap;
pub mod talos_bootstrap_manifests;
pub mod talos_image_schematic;
pub mod talos_kubeconfig;
pub mod talos_machine_apply;
pub mod talos_machine_patch;
pub mod talos_secrets;

use framework::prelude::*;

use crate::provider::TalosStack;

/// Adds all resources.
pub fn register(registry: &mut Registry<TalosStack>) {
    registry.resource::<flux_instance::FluxInstanceResource>();
    registry.resource::<flux_operator::FluxOperatorResource>();
    registry.resource::<proxmox_talos_image::TalosImageResource>();
    registry.resource::<proxmox_talos_vm::TalosVmResource>();
    registry.resource::<talos_bootstrap::TalosBootstrap>();
    registry.resource::<talos_bootstrap_manifests::TalosBootstrapManifests>();
    registry.resource::<talos_image_schematic::TalosImageSchematic>();
    registry.resource::<talos_kubeconfig::TalosKubeconfig>();
    registry.resource::<talos_machine_apply::TalosMachineApply>();
    registry.resource::<talos_machine_patch::TalosMachinePatch>();
    registry.resource::<talos_secrets::TalosSecrets>();
}
