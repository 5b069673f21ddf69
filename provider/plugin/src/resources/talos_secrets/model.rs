//! Attributes of `talos_secrets`.

use std::collections::BTreeMap;

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;
use crate::shared::machine_secrets::MachineSecrets;

/// Everything the machines of a cluster share, generated once and never replaced by an edit.
///
/// `talos_version` decides the rules of generation and is recorded as `contract`; changing it later changes
/// nothing. Destroy and replace are refused while `deletion_protection` is on.
#[derive(Model, Clone, PartialEq)]
pub struct TalosSecretsModel {
    /// The cluster's name, or its id where the provider has no name.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Talos version whose rules generation follows, such as `v1.12.6`.
    #[tf(required)]
    pub talos_version: Field<String>,
    /// Adopt these secrets instead of generating: the text that `talosctl gen secrets` writes. Where it is not
    /// given it holds that text.
    #[tf(optional, computed, keep, sensitive)]
    pub secrets_yaml: Field<Secret<String>>,
    /// The same, write-only.
    #[tf(optional, write_only)]
    pub secrets_yaml_wo: Field<Secret<String>>,
    /// Version of `secrets_yaml_wo`, for your own records: state keeps it, nothing else follows from it. What
    /// `secrets_yaml_wo` holds is compared with the cluster's secrets at every plan.
    #[tf(optional)]
    pub secrets_yaml_wo_version: Field<String>,
    /// Refuse to destroy or replace the secrets.
    #[tf(optional, default = true)]
    pub deletion_protection: Field<bool>,
    /// A new client certificate is planned when the present one ends within this time, as a Go duration.
    #[tf(optional, default = "720h")]
    pub client_certificate_renew_before: Field<GoDuration>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// Version contract that the secrets follow, such as `v1.12`.
    #[tf(computed, keep)]
    pub contract: Field<String>,
    /// The secrets.
    #[tf(computed, keep, sensitive)]
    pub machine_secrets: Field<MachineSecrets>,
    /// Identity of an administrator, for the Talos API.
    #[tf(computed, keep, sensitive)]
    pub client_configuration: Field<ClientConfiguration>,
    /// When the administrator's certificate ends, RFC 3339.
    #[tf(computed, keep)]
    pub client_certificate_expires_at: Field<String>,
    /// Base64 of SHA-256 of the public keys: `os_ca`, `kubernetes_ca`, `etcd_ca`, `aggregator_ca`, `service_account`.
    #[tf(computed, keep)]
    pub fingerprints: Field<BTreeMap<String, Field<String>>>,
    /// Identity of the cluster.
    #[tf(computed, keep)]
    pub cluster_id: Field<String>,
}

/// Contract that imported secrets are taken to follow: a secrets file does not say, and nothing depends on it later.
const IMPORTED_CONTRACT: &str = "v1.12";

impl TalosSecretsModel {
    /// State of an import before the bundle is described in it.
    pub fn imported() -> Self {
        Self {
            id: Field::Null,
            talos_version: IMPORTED_CONTRACT.into(),
            secrets_yaml: Field::Null,
            secrets_yaml_wo: Field::Null,
            secrets_yaml_wo_version: Field::Null,
            deletion_protection: Field::Known(true),
            client_certificate_renew_before: Field::Null,
            timeouts: Field::Null,
            contract: IMPORTED_CONTRACT.into(),
            machine_secrets: Field::Null,
            client_configuration: Field::Null,
            client_certificate_expires_at: Field::Null,
            fingerprints: Field::Null,
            cluster_id: Field::Null,
        }
    }
}
