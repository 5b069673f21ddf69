//! Attributes of `talos_kubeconfig`.

use framework::prelude::*;

use crate::shared::machine_secrets::MachineSecrets;

/// A kubeconfig minted from the cluster's secrets, without asking the cluster.
#[derive(Model, Clone, PartialEq)]
pub struct Kubeconfig {
    /// `cluster/user`.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Name of the cluster in the kubeconfig.
    #[tf(required)]
    pub cluster_name: Field<String>,
    /// URL of the Kubernetes API.
    #[tf(required)]
    pub cluster_endpoint: Field<String>,
    /// Secrets of the cluster; the client certificate is signed with its Kubernetes CA.
    #[tf(required, sensitive)]
    pub machine_secrets: Field<MachineSecrets>,
    /// User name in the certificate.
    #[tf(optional, default = "admin")]
    pub user: Field<String>,
    /// Groups in the certificate; `system:masters` unless given.
    #[tf(optional)]
    pub organizations: Field<Vec<Field<String>>>,
    /// How long the certificate is valid, as a Go duration of at least a second.
    #[tf(optional, default = "8760h")]
    pub ttl: Field<GoDuration>,
    /// A new certificate is planned when the present one ends within this time; unless it is given, not before two
    /// thirds of the present one's life are over.
    #[tf(optional, default = "720h")]
    pub renew_before: Field<GoDuration>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// The kubeconfig.
    #[tf(computed, sensitive)]
    pub kubeconfig: Field<Secret<String>>,
    /// The same as separate values.
    #[tf(computed, sensitive)]
    pub kubernetes_client_configuration: Field<KubernetesClientConfiguration>,
    /// When the certificate ends, RFC 3339.
    #[tf(computed)]
    pub expires_at: Field<String>,
}

impl Kubeconfig {
    /// State of an import: `cluster/user`. There is no kubeconfig in it yet: the next apply mints one.
    pub fn imported(id: &str) -> Result<Self, Error> {
        let Some((cluster, user)) = id.split_once('/') else {
            return Err(Error::new(
                format!("TS-IMPORT: {id:?} names no kubeconfig"),
                "Write the import id as `cluster/user`: cluster-101/admin.",
            ));
        };
        Ok(Self {
            id: id.into(),
            cluster_name: cluster.into(),
            cluster_endpoint: Field::Null,
            machine_secrets: Field::Null,
            user: user.into(),
            organizations: Field::Null,
            ttl: Field::Null,
            renew_before: Field::Null,
            timeouts: Field::Null,
            kubeconfig: Field::Null,
            kubernetes_client_configuration: Field::Null,
            expires_at: Field::Null,
        })
    }
}

/// What a client of the Kubernetes API needs.
#[derive(Model, Clone, PartialEq)]
pub struct KubernetesClientConfiguration {
    /// URL of the Kubernetes API.
    #[tf(computed)]
    pub host: Field<String>,
    /// Certificate of the Kubernetes CA, base64 of PEM.
    #[tf(computed)]
    pub ca_certificate: Field<String>,
    /// Certificate of the client, base64 of PEM.
    #[tf(computed)]
    pub client_certificate: Field<String>,
    /// Key of the client, base64 of PEM.
    #[tf(computed, sensitive)]
    pub client_key: Field<Secret<String>>,
}
