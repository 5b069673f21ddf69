//! Attributes of `talos_bootstrap_manifests`.

use std::collections::BTreeMap;

use framework::prelude::*;

use crate::shared::kubernetes_access::KubernetesAccess;

/// Text by name.
pub type Texts = Field<BTreeMap<String, Field<String>>>;

/// Applies manifests that a cluster needs before GitOps takes over, such as its network.
///
/// Once one of the objects belongs to Flux or Helm, all are handed over: none is written from then on. Namespaces and definitions
/// are never deleted.
#[derive(Model, Clone, PartialEq)]
pub struct BootstrapManifests {
    /// UID of the cluster.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Texts of one or more YAML documents, applied in order of name; within a text, what others need comes first.
    #[tf(required)]
    pub manifests: Texts,
    /// `once` (what is missing is created, and never touched again) or `always` (objects are kept as declared).
    #[tf(optional, default = "once", one_of("once", "always"))]
    pub mode: Field<String>,
    /// Write nothing once Flux or Helm owns one of the objects. Otherwise such an object is an error.
    #[tf(optional, default = true)]
    pub handoff: Field<bool>,
    /// Wait until what was applied is ready.
    #[tf(optional, default = true)]
    pub wait: Field<bool>,
    /// Access to the cluster; the provider's unless given.
    #[tf(optional)]
    pub kubernetes: Field<KubernetesAccess>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// State of each object, by `Kind/namespace/name`: `applied`, `handed_off` or `drifted`.
    #[tf(computed)]
    pub objects: Texts,
}
