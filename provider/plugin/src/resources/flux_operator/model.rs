//! Attributes of `flux_operator`.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;

use crate::shared::kubernetes_access::KubernetesAccess;
use crate::shared::kustomize_patch::KustomizePatch;

/// Text by name.
pub type Texts = Field<BTreeMap<String, Field<String>>>;

/// Installs flux-operator from the manifests that its project publishes, without Helm, and keeps it as declared.
///
/// What exists and belongs to somebody else is left alone unless `adopt` says otherwise. Fields that others own are not taken over:
/// the error names the owner of each. Destroying is refused while a FluxInstance exists; definitions and the namespace stay unless
/// told otherwise.
#[derive(Model, Clone, PartialEq)]
pub struct FluxOperator {
    /// `namespace/flux-operator`.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Version, such as `0.58.1`; a `v` in front is fine.
    #[tf(required)]
    pub version: Field<String>,
    /// Namespace. Another one replaces the operator.
    #[tf(optional, default = "flux-system", replace)]
    pub namespace: Field<String>,
    /// Where the manifests come from; the published artifact of the version unless given.
    #[tf(optional)]
    pub source: Field<OperatorSource>,
    /// Labels of the namespace, beside those that it has.
    #[tf(optional)]
    pub namespace_labels: Texts,
    /// Pods; as in the manifests unless given.
    #[tf(optional)]
    pub replicas: Field<i64>,
    /// Resources of the container; as in the manifests unless given.
    #[tf(optional)]
    pub resources: Field<OperatorResources>,
    /// Environment of the container, beside that of the manifests.
    #[tf(optional)]
    pub env: Texts,
    /// Taints that the pods tolerate.
    #[tf(optional)]
    pub tolerations: Field<Vec<Toleration>>,
    /// Labels of the nodes that the pods may run on.
    #[tf(optional)]
    pub node_selector: Texts,
    /// Names of secrets for pulling the image.
    #[tf(optional)]
    pub image_pull_secrets: Field<BTreeSet<String>>,
    /// Patches of the manifests, one after the other and after all other attributes: strategic merge with Kubernetes' own merge keys,
    /// `$patch: delete` and `$patch: replace`, or JSON 6902 operations. One that is for no object is an error. The plan shows what
    /// they change, so that secrets have no place here.
    #[tf(optional)]
    pub patches: Field<Vec<KustomizePatch>>,
    /// What may be taken over: `none`, `helm` (an installation by Helm, whose release is removed without uninstalling anything), or
    /// `any`.
    #[tf(optional, default = "none", one_of("none", "helm", "any"))]
    pub adopt: Field<String>,
    /// Wait until the operator runs.
    #[tf(optional, default = true)]
    pub wait: Field<bool>,
    /// Whether destroy deletes the definitions, too, and with them every object of these kinds.
    #[tf(optional, default = false)]
    pub delete_crds: Field<bool>,
    /// Whether destroy deletes the namespace, too, and with it everything in it.
    #[tf(optional, default = false)]
    pub delete_namespace: Field<bool>,
    /// Access to the cluster; the provider's unless given.
    #[tf(optional)]
    pub kubernetes: Field<KubernetesAccess>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// Whether the operator runs as declared.
    #[tf(computed)]
    pub ready: Field<bool>,
    /// Version that runs, from the image's tag.
    #[tf(computed)]
    pub installed_version: Field<String>,
    /// Image that runs.
    #[tf(computed)]
    pub image: Field<String>,
    /// Digest of the artifact or the text that was installed: `sha256:…`.
    #[tf(computed)]
    pub artifact_digest: Field<String>,
    /// apiVersion of each object that was applied, by `Kind/namespace/name`.
    #[tf(computed)]
    pub inventory: Texts,
    /// What the last change changed: `Kind/namespace/name path` to `old -> new`. Known at plan unless other manifests have to be
    /// fetched first.
    #[tf(computed)]
    pub changes: Texts,
}

/// Where the manifests come from; at most one of `oci`, `url`, `path` and `manifests`.
#[derive(Model, Clone, PartialEq)]
pub struct OperatorSource {
    /// Artifact as `oci://host/repository`, with `:tag` where it is not `v` and the version. A registry without TLS is written as
    /// `oci+http://`.
    #[tf(optional)]
    pub oci: Field<String>,
    /// Address of one YAML file.
    #[tf(optional)]
    pub url: Field<String>,
    /// Path of one YAML file on the computer that runs this.
    #[tf(optional)]
    pub path: Field<String>,
    /// The YAML itself.
    #[tf(optional)]
    pub manifests: Field<String>,
    /// `sha256:…` that the artifact's manifest, or the text, must have.
    #[tf(optional)]
    pub digest: Field<String>,
}

/// Resources of a container, as Kubernetes writes them: `cpu`, `memory`.
#[derive(Model, Clone, PartialEq)]
pub struct OperatorResources {
    /// What is set aside.
    #[tf(optional)]
    pub requests: Texts,
    /// What is not exceeded.
    #[tf(optional)]
    pub limits: Texts,
}

/// A taint that is tolerated.
#[derive(Model, Clone, PartialEq)]
pub struct Toleration {
    /// Key; all unless given.
    #[tf(optional)]
    pub key: Field<String>,
    /// `Exists` or `Equal`.
    #[tf(optional, one_of("Exists", "Equal"))]
    pub operator: Field<String>,
    /// Value, with `Equal`.
    #[tf(optional)]
    pub value: Field<String>,
    /// Effect; all unless given.
    #[tf(optional, one_of("NoSchedule", "PreferNoSchedule", "NoExecute"))]
    pub effect: Field<String>,
}

impl FluxOperator {
    /// State of an import: the refresh that follows fills the rest.
    pub fn imported(namespace: &str) -> Self {
        Self {
            id: format!("{namespace}/flux-operator").into(),
            version: Field::Null,
            namespace: namespace.into(),
            source: Field::Null,
            namespace_labels: Field::Null,
            replicas: Field::Null,
            resources: Field::Null,
            env: Field::Null,
            tolerations: Field::Null,
            node_selector: Field::Null,
            image_pull_secrets: Field::Null,
            patches: Field::Null,
            adopt: "none".into(),
            wait: Field::Known(true),
            delete_crds: Field::Known(false),
            delete_namespace: Field::Known(false),
            kubernetes: Field::Null,
            timeouts: Field::Null,
            ready: Field::Known(false),
            installed_version: Field::Null,
            image: Field::Null,
            artifact_digest: Field::Null,
            inventory: Field::Null,
            changes: Field::Null,
        }
    }
}
