//! Attributes of the provider block.

use std::collections::BTreeSet;

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;
use crate::shared::kubernetes_access::KubernetesAccess;

/// Carries Talos clusters from bare Proxmox VE hosts, or from machines in maintenance mode, to a running Kubernetes that Flux
/// keeps in sync with a repository, in stages.
///
/// Nothing is dialled until a resource needs it, and every value may be unknown or a placeholder. Types whose names begin with
/// `proxmox_` or `flux_` are of this provider, too: they take `provider = talos`, or a second local name with the same source.
#[derive(Model, Clone)]
pub struct ProviderModel {
    /// Name of the cluster, used in ids and messages.
    #[tf(optional)]
    pub cluster_name: Field<String>,
    /// Defaults for the Talos API.
    #[tf(optional)]
    pub talos: Field<TalosDefaults>,
    /// Access to Proxmox VE.
    #[tf(optional)]
    pub proxmox: Field<ProxmoxDefaults>,
    /// Access to Kubernetes; the file that `KUBE_CONFIG_PATH` names unless given.
    #[tf(optional)]
    pub kubernetes: Field<KubernetesAccess>,
    /// The Image Factory.
    #[tf(optional)]
    pub image_factory: Field<ImageFactory>,
    /// What destroy does about machines and clusters that do not answer: `error`, or `forget` (leave them behind and list
    /// them). `TALOS_STACK_ON_UNREACHABLE_DESTROY` unless given; `error` by default.
    #[tf(optional, one_of("error", "forget"))]
    pub on_unreachable_destroy: Field<String>,
}

/// Defaults for the Talos API.
#[derive(Model, Clone)]
pub struct TalosDefaults {
    /// Client identity; from the file that `TALOSCONFIG` names unless given.
    #[tf(optional, sensitive)]
    pub client_configuration: Field<ClientConfiguration>,
    /// Addresses that answer for the cluster: ephemeral `talos_client_config` writes them into the talosconfig where its
    /// own `endpoints` is not set. Everything that calls a machine names the machine's addresses itself.
    #[tf(optional)]
    pub endpoints: Field<Vec<Field<String>>>,
}

/// Access to Proxmox VE.
#[derive(Model, Clone)]
pub struct ProxmoxDefaults {
    /// Address of one host's API, such as `https://pve1.example.com:8006`; `PROXMOX_VE_ENDPOINT` unless given.
    #[tf(optional)]
    pub endpoint: Field<String>,
    /// More hosts of the same cluster, tried in order when one does not answer.
    #[tf(optional)]
    pub endpoints: Field<Vec<Field<String>>>,
    /// API token, `user@realm!name=secret`; `PROXMOX_VE_API_TOKEN` unless given.
    #[tf(optional)]
    pub api_token: Field<Secret<String>>,
    /// CA certificates to trust beside the public ones, PEM text or a path; `PROXMOX_VE_CA_PEM` unless given. A cluster's own is
    /// `/etc/pve/pve-root-ca.pem` on its hosts.
    #[tf(optional)]
    pub ca_pem: Field<String>,
    /// SHA-256 fingerprints of the hosts' certificates, as the web interface shows them. Where any are given, only these
    /// certificates are accepted, whoever signed them.
    #[tf(optional)]
    pub tls_fingerprints: Field<BTreeSet<String>>,
    /// Whether any certificate is accepted; `PROXMOX_VE_INSECURE` unless given. Whoever is in between then gets the token.
    #[tf(optional)]
    pub insecure: Field<bool>,
    /// Requests under way at the same time; 8 unless given.
    #[tf(optional)]
    pub max_parallel: Field<i64>,
}

/// The Image Factory.
#[derive(Model, Clone)]
pub struct ImageFactory {
    /// Address; `TALOS_IMAGE_FACTORY_URL` or `https://factory.talos.dev` unless given.
    #[tf(optional)]
    pub url: Field<String>,
    /// CA certificates to trust, PEM text or a path; `TALOS_IMAGE_FACTORY_CA_PEM` unless given.
    #[tf(optional)]
    pub ca_pem: Field<String>,
}

impl ProxmoxDefaults {
    /// Nothing is set, or nothing is known.
    pub fn absent(unknown: bool) -> Self {
        fn field<T>(unknown: bool) -> Field<T> {
            if unknown { Field::Unknown } else { Field::Null }
        }
        Self {
            endpoint: field(unknown),
            endpoints: field(unknown),
            api_token: field(unknown),
            ca_pem: field(unknown),
            tls_fingerprints: field(unknown),
            insecure: field(unknown),
            max_parallel: field(unknown),
        }
    }
}

#[cfg(test)]
impl ProviderModel {
    /// A block with nothing in it.
    pub fn empty() -> Self {
        Self {
            cluster_name: Field::Null,
            talos: Field::Null,
            proxmox: Field::Null,
            kubernetes: Field::Null,
            image_factory: Field::Null,
            on_unreachable_destroy: Field::Null,
        }
    }
}
