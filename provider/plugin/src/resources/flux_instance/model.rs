//! Attributes of `flux_instance`.

use std::collections::BTreeMap;

use framework::prelude::*;

use crate::shared::kubernetes_access::KubernetesAccess;
use crate::shared::kustomize_patch::KustomizePatch;

/// Text by name.
pub type Texts = Field<BTreeMap<String, Field<String>>>;

/// Flux, as flux-operator installs it: the FluxInstance `flux`, the key for SOPS and the credentials of its sync.
///
/// A failed sync ends the wait with its cause, such as an unknown repository, a path that is not there or a key that decrypts
/// nothing. Destroying uninstalls Flux through the operator; what Flux has deployed stays.
#[derive(Model, Clone, PartialEq)]
pub struct FluxInstance {
    /// `namespace/flux`.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Namespace of the operator. Another one replaces the instance.
    #[tf(optional, default = "flux-system", replace)]
    pub namespace: Field<String>,
    /// Which Flux.
    #[tf(required)]
    pub distribution: Field<Distribution>,
    /// Controllers; source, kustomize, helm and notification unless given.
    #[tf(optional)]
    pub components: Field<Vec<Field<String>>>,
    /// What kind of cluster it is.
    #[tf(optional)]
    pub cluster: Field<Cluster>,
    /// What the cluster is kept in sync with.
    #[tf(optional)]
    pub sync: Field<Sync>,
    /// Decryption of what the sync finds.
    #[tf(optional)]
    pub sops: Field<Sops>,
    /// Credentials of the sync, of one kind: a user and a password or token, a bearer token, an SSH key, or a GitHub App.
    #[tf(optional)]
    pub git_auth: Field<GitAuth>,
    /// Patches of what the operator makes, after our own.
    #[tf(optional)]
    pub kustomize_patches: Field<Vec<KustomizePatch>>,
    /// YAML that is laid over the spec, for what has no attribute.
    #[tf(optional)]
    pub extra_spec: Field<String>,
    /// What may be taken over when a FluxInstance is there already: `none`, `helm` (one that a release of Helm installed, which is
    /// removed without uninstalling anything), or `any`.
    #[tf(optional, default = "none", one_of("none", "helm", "any"))]
    pub adopt: Field<String>,
    /// What to wait for: `ready` (the sync's first success included), `controllers`, or `none`.
    #[tf(optional, default = "ready", one_of("ready", "controllers", "none"))]
    pub wait: Field<String>,
    /// What destroy does: `uninstall` Flux through the operator, `orphan` (the instance goes, Flux stays), or `forget`.
    #[tf(
        optional,
        default = "uninstall",
        one_of("uninstall", "orphan", "forget")
    )]
    pub on_destroy: Field<String>,
    /// Access to the cluster; the provider's unless given.
    #[tf(optional)]
    pub kubernetes: Field<KubernetesAccess>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// Whether what `wait` names was seen; the whole instance where it is `none`.
    #[tf(computed)]
    pub ready: Field<bool>,
    /// Version and digest of what was built: `v2.7.5@sha256:…`.
    #[tf(computed)]
    pub revision: Field<String>,
    /// Version of Flux that is installed.
    #[tf(computed)]
    pub installed_version: Field<String>,
    /// Revision of the source that was applied last.
    #[tf(computed)]
    pub sync_revision: Field<String>,
    /// Path in the source.
    #[tf(computed)]
    pub sync_path: Field<String>,
    /// Status and reason of the instance's conditions by type: `True ReconciliationSucceeded`.
    #[tf(computed)]
    pub conditions: Texts,
    /// Image of each controller by name.
    #[tf(computed)]
    pub components_status: Texts,
}

/// Which Flux.
#[derive(Model, Clone, PartialEq)]
pub struct Distribution {
    /// Version such as `2.7.5`, or a range such as `2.7.x`.
    #[tf(required)]
    pub version: Field<String>,
    /// Registry of the images.
    #[tf(optional, default = "ghcr.io/fluxcd")]
    pub registry: Field<String>,
    /// Artifact with newer manifests than the operator's own: `oci://…`.
    #[tf(optional)]
    pub artifact: Field<String>,
    /// Variant of the images.
    #[tf(
        optional,
        one_of(
            "upstream-alpine",
            "enterprise-alpine",
            "enterprise-distroless",
            "enterprise-distroless-fips"
        )
    )]
    pub variant: Field<String>,
}

/// What kind of cluster it is.
#[derive(Model, Clone, PartialEq)]
pub struct Cluster {
    /// Kind of cluster.
    #[tf(optional, one_of("kubernetes", "openshift", "aws", "azure", "gcp"))]
    pub r#type: Field<String>,
    /// Sizes the controllers.
    #[tf(optional, one_of("small", "medium", "large"))]
    pub size: Field<String>,
    /// DNS domain of the cluster.
    #[tf(optional)]
    pub domain: Field<String>,
    /// Whether tenants are kept apart.
    #[tf(optional)]
    pub multitenant: Field<bool>,
    /// Whether network policies are made.
    #[tf(optional)]
    pub network_policy: Field<bool>,
}

/// What the cluster is kept in sync with.
#[derive(Model, Clone, PartialEq)]
pub struct Sync {
    /// Kind of source.
    #[tf(
        optional,
        default = "GitRepository",
        one_of("GitRepository", "OCIRepository", "Bucket")
    )]
    pub kind: Field<String>,
    /// Address of the source.
    #[tf(required)]
    pub url: Field<String>,
    /// Git reference such as `refs/heads/main`, tag of an artifact, or name of a bucket.
    #[tf(required)]
    pub r#ref: Field<String>,
    /// Path in the source.
    #[tf(required)]
    pub path: Field<String>,
    /// Name of source and Kustomization; the namespace's unless given. It cannot be changed.
    #[tf(optional)]
    pub name: Field<String>,
    /// How often the source is looked at, as a Go duration; a minute unless given.
    #[tf(optional)]
    pub interval: Field<String>,
    /// Name of a secret with credentials; the one that `git_auth` makes unless given.
    #[tf(optional)]
    pub pull_secret: Field<String>,
    /// Who logs in for the source; `github` with `git_auth.github_app`.
    #[tf(optional, one_of("generic", "aws", "azure", "gcp", "github"))]
    pub provider: Field<String>,
    /// How soon a failed attempt is repeated, as a Go duration.
    #[tf(optional)]
    pub retry_interval: Field<String>,
}

/// Decryption of what the sync finds.
#[derive(Model, Clone, PartialEq)]
pub struct Sops {
    /// Text of an age key file. Kept in state; `age_key_wo` is not.
    #[tf(optional)]
    pub age_key: Field<Secret<String>>,
    /// The same, never stored. A changed key is noticed by a keyed digest.
    #[tf(optional, write_only)]
    pub age_key_wo: Field<Secret<String>>,
    /// Another number writes `age_key_wo` again.
    #[tf(optional)]
    pub age_key_wo_version: Field<i64>,
    /// Name of the secret that holds the key.
    #[tf(optional, default = "sops-age")]
    pub secret_name: Field<String>,
}

/// Credentials of the sync: `password`, `bearer_token`, `identity` with `known_hosts`, or `github_app`.
#[derive(Model, Clone, PartialEq)]
pub struct GitAuth {
    /// User; `git` unless given.
    #[tf(optional)]
    pub username: Field<String>,
    /// Password or token; beside `identity` the passphrase of that key. Kept in state; `password_wo` is not.
    #[tf(optional)]
    pub password: Field<Secret<String>>,
    /// The same, never stored.
    #[tf(optional, write_only)]
    pub password_wo: Field<Secret<String>>,
    /// Bearer token. Kept in state; `bearer_token_wo` is not.
    #[tf(optional)]
    pub bearer_token: Field<Secret<String>>,
    /// The same, never stored.
    #[tf(optional, write_only)]
    pub bearer_token_wo: Field<Secret<String>>,
    /// SSH private key. Kept in state; `identity_wo` is not.
    #[tf(optional)]
    pub identity: Field<Secret<String>>,
    /// The same, never stored.
    #[tf(optional, write_only)]
    pub identity_wo: Field<Secret<String>>,
    /// Host keys for SSH, as in a known_hosts file.
    #[tf(optional)]
    pub known_hosts: Field<String>,
    /// A GitHub App, with `sync.provider = "github"` and an https:// address.
    #[tf(optional)]
    pub github_app: Field<GithubApp>,
}

/// A GitHub App that is installed where the repository is.
#[derive(Model, Clone, PartialEq)]
pub struct GithubApp {
    /// Id of the app, the number in its settings.
    #[tf(required)]
    pub app_id: Field<String>,
    /// Id of its installation, the number at the end of the installation's address. This or `installation_owner`.
    #[tf(optional)]
    pub installation_id: Field<String>,
    /// Organization or user for which it is installed; Flux 2.8 and later find the installation by it.
    #[tf(optional)]
    pub installation_owner: Field<String>,
    /// Private key of the app, PEM text. Kept in state; `private_key_wo` is not.
    #[tf(optional)]
    pub private_key: Field<Secret<String>>,
    /// The same, never stored. A changed key is noticed by a keyed digest.
    #[tf(optional, write_only)]
    pub private_key_wo: Field<Secret<String>>,
    /// Another number writes `private_key_wo` again.
    #[tf(optional)]
    pub private_key_wo_version: Field<i64>,
    /// API of a GitHub Enterprise Server, such as `https://github.example.com/api/v3`; github.com's unless given.
    #[tf(optional)]
    pub base_url: Field<String>,
}

impl FluxInstance {
    /// State of an import: the refresh that follows fills the rest.
    pub fn imported(namespace: &str) -> Self {
        Self {
            id: format!("{namespace}/flux").into(),
            namespace: namespace.into(),
            distribution: Field::Null,
            components: Field::Null,
            cluster: Field::Null,
            sync: Field::Null,
            sops: Field::Null,
            git_auth: Field::Null,
            kustomize_patches: Field::Null,
            extra_spec: Field::Null,
            adopt: "none".into(),
            wait: "ready".into(),
            on_destroy: "uninstall".into(),
            kubernetes: Field::Null,
            timeouts: Field::Null,
            ready: Field::Known(false),
            revision: Field::Null,
            installed_version: Field::Null,
            sync_revision: Field::Null,
            sync_path: Field::Null,
            conditions: Field::Null,
            components_status: Field::Null,
        }
    }

    /// The same with the namespace that it has, where the configuration leaves it out.
    pub fn placed(&self, namespace: &str) -> Self {
        Self {
            namespace: namespace.into(),
            ..self.clone()
        }
    }

    /// Name of source and Kustomization.
    pub fn sync_name(&self) -> &str {
        let given = self.sync.get().and_then(|sync| sync.name.as_str());
        given.unwrap_or_else(|| self.namespace.text())
    }
}

impl GitAuth {
    /// Whether a password is given, in either spelling.
    pub fn has_password(&self) -> bool {
        !self.password.is_null() || !self.password_wo.is_null()
    }

    /// Whether an SSH key is given, in either spelling.
    pub fn has_identity(&self) -> bool {
        !self.identity.is_null() || !self.identity_wo.is_null()
    }

    /// All secret members.
    pub fn secrets(&self) -> Vec<&Field<Secret<String>>> {
        let mut all = vec![
            &self.password,
            &self.password_wo,
            &self.bearer_token,
            &self.bearer_token_wo,
            &self.identity,
            &self.identity_wo,
        ];
        if let Some(app) = self.github_app.get() {
            all.extend([&app.private_key, &app.private_key_wo]);
        }
        all
    }

    /// All members that are no secrets.
    pub fn texts(&self) -> Vec<&Field<String>> {
        let mut all = vec![&self.username, &self.known_hosts];
        if let Some(app) = self.github_app.get() {
            all.extend([
                &app.app_id,
                &app.installation_id,
                &app.installation_owner,
                &app.base_url,
            ]);
        }
        all
    }
}
