//! Attributes of `talos_machine_config`.

use std::collections::BTreeMap;

use framework::prelude::*;

use crate::shared::machine_secrets::MachineSecrets;

/// Renders a machine configuration offline: what official Talos of that version generates, with patches merged by
/// its rules.
///
/// `redacted` shows each document without secrets, so that a plan is a review of what changes. Of manifests and files
/// within it, what their structure, a name or a word before it says is secret is hidden, and in doubt more than
/// that. Placeholder secrets (empty, or texts that begin with `mock`) give a text that is marked and that no
/// resource applies.
#[derive(Model, Clone)]
pub struct MachineConfig {
    /// Name of the cluster.
    #[tf(required)]
    pub cluster_name: Field<String>,
    /// URL of the Kubernetes API, such as `https://10.0.0.10:6443`.
    #[tf(required)]
    pub cluster_endpoint: Field<String>,
    /// Role of the machines: `controlplane` or `worker`.
    #[tf(required, one_of("controlplane", "worker"))]
    pub machine_type: Field<String>,
    /// Talos version to render for, such as `v1.12.6`; `v1.12` leaves the installer image out. Versions 1.8 to 1.10
    /// get their own shape of configuration, and patches for them are read by the rules of 1.11; older ones are
    /// refused.
    #[tf(required)]
    pub talos_version: Field<String>,
    /// Kubernetes version to render for, a full one such as `1.35.6`.
    #[tf(required)]
    pub kubernetes_version: Field<String>,
    /// Secrets of the cluster, as `talos_secrets` gives them.
    #[tf(required, sensitive)]
    pub machine_secrets: Field<MachineSecrets>,
    /// What the installer does.
    #[tf(optional)]
    pub install: Field<Install>,
    /// Additional names and addresses in the certificates of the Talos and Kubernetes APIs.
    #[tf(optional)]
    pub cert_sans: Field<Vec<Field<String>>>,
    /// DNS domain of the cluster; `cluster.local` unless given.
    #[tf(optional)]
    pub dns_domain: Field<String>,
    /// Whether pods may run on control planes; false unless given.
    #[tf(optional)]
    pub allow_scheduling_on_control_planes: Field<bool>,
    /// Mirrors by registry: URLs in the order in which they are tried.
    #[tf(optional)]
    pub registry_mirrors: Field<BTreeMap<String, Field<Vec<Field<String>>>>>,
    /// Named groups of patches, applied in order; names appear in errors.
    #[tf(optional)]
    pub layers: Field<Vec<Layer>>,
    /// Patches applied last: strategic-merge or JSON patches as YAML text, or base64 of gzip of it.
    #[tf(optional)]
    pub config_patches: Field<Vec<Field<String>>>,
    /// The configuration, byte for byte what official Talos of that version writes without comments.
    #[tf(computed, sensitive)]
    pub machine_configuration: Field<Secret<String>>,
    /// Each document, by `Kind` or `Kind/name`, with every secret replaced by `**REDACTED**`.
    #[tf(computed)]
    pub redacted: Field<BTreeMap<String, Field<String>>>,
    /// Digest of the configuration: HMAC-SHA256 keyed with the cluster's secret.
    #[tf(computed)]
    pub config_hash: Field<String>,
    /// Digest of each document, by `Kind` or `Kind/name`: HMAC-SHA256 keyed with the cluster's secret.
    #[tf(computed)]
    pub documents: Field<BTreeMap<String, Field<String>>>,
    /// What Talos would warn of.
    #[tf(computed)]
    pub warnings: Field<Vec<Field<String>>>,
}

/// What the installer does.
#[derive(Model, Clone)]
pub struct Install {
    /// Disk to install on; `/dev/sda` unless given. Empty where a patch sets a disk selector.
    #[tf(optional)]
    pub disk: Field<String>,
    /// Installer image; that of the Talos version unless given.
    #[tf(optional)]
    pub image: Field<String>,
    /// Kernel arguments of machines that boot through GRUB from a Talos before 1.12. Later ones take them from
    /// the schematic, and refuse these.
    #[tf(optional)]
    pub extra_kernel_args: Field<Vec<Field<String>>>,
    /// Whether the whole disk is wiped before installation; false unless given.
    #[tf(optional)]
    pub wipe: Field<bool>,
}

/// A named group of patches.
#[derive(Model, Clone)]
pub struct Layer {
    /// Name, for errors.
    #[tf(required)]
    pub name: Field<String>,
    /// Strategic-merge or JSON patches as YAML text, or base64 of gzip of it.
    #[tf(required)]
    pub patches: Field<Vec<Field<String>>>,
}
