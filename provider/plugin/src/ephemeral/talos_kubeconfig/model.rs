//! Attributes of ephemeral `talos_kubeconfig`.

use framework::prelude::*;

use crate::resources::talos_kubeconfig::KubernetesClientConfiguration;
use crate::shared::machine_secrets::MachineSecrets;

/// A kubeconfig minted from the cluster's secrets without asking the cluster. Neither state nor plan keeps it.
#[derive(Model, Clone)]
pub struct EphemeralKubeconfigModel {
    /// Name of the cluster in the kubeconfig.
    #[tf(required)]
    pub cluster_name: Field<String>,
    /// URL of the Kubernetes API.
    #[tf(required)]
    pub cluster_endpoint: Field<String>,
    /// Secrets of the cluster; the client certificate is signed with its Kubernetes CA.
    #[tf(required, sensitive)]
    pub machine_secrets: Field<MachineSecrets>,
    /// User name in the certificate; `admin` unless given.
    #[tf(optional)]
    pub user: Field<String>,
    /// Groups in the certificate; `system:masters` unless given.
    #[tf(optional)]
    pub organizations: Field<Vec<Field<String>>>,
    /// How long the certificate is valid, as a Go duration; `8760h` unless given.
    #[tf(optional)]
    pub ttl: Field<GoDuration>,
    /// The kubeconfig.
    #[tf(computed, sensitive)]
    pub kubeconfig: Field<Secret<String>>,
    /// The same as separate values.
    #[tf(computed, sensitive)]
    pub kubernetes_client_configuration: Field<KubernetesClientConfiguration>,
    /// When the certificate ends, RFC 3339; null for placeholder secrets.
    #[tf(computed)]
    pub expires_at: Field<String>,
}
