//! Attributes of ephemeral `talos_client_config`.

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;
use crate::shared::machine_secrets::MachineSecrets;

/// A short-lived client identity for the Talos API, signed with the cluster's CA without asking the cluster.
/// Neither state nor plan keeps it.
#[derive(Model, Clone)]
pub struct ClientConfig {
    /// Secrets of the cluster; the certificate is signed with its Talos CA.
    #[tf(required, sensitive)]
    pub machine_secrets: Field<MachineSecrets>,
    /// Roles in the certificate: `os:admin`, `os:operator`, `os:reader`, `os:etcd:backup`, `os:impersonator`;
    /// `os:admin` unless given.
    #[tf(optional)]
    pub roles: Field<Vec<Field<String>>>,
    /// How long the certificate is valid, as a Go duration; `1h` unless given.
    #[tf(optional)]
    pub ttl: Field<GoDuration>,
    /// Addresses in the talosconfig that answer for the cluster; the provider's `talos.endpoints` unless given.
    #[tf(optional)]
    pub endpoints: Field<Vec<Field<String>>>,
    /// Machines in the talosconfig that commands go to unless told otherwise.
    #[tf(optional)]
    pub nodes: Field<Vec<Field<String>>>,
    /// Name of the context in the talosconfig; the provider's `cluster_name` or `talos` unless given.
    #[tf(optional)]
    pub cluster_name: Field<String>,
    /// The identity, as other types take it.
    #[tf(computed, sensitive)]
    pub client_configuration: Field<ClientConfiguration>,
    /// The identity as a file for talosctl.
    #[tf(computed, sensitive)]
    pub talosconfig: Field<Secret<String>>,
    /// When the certificate ends, RFC 3339; null for placeholder secrets.
    #[tf(computed)]
    pub expires_at: Field<String>,
}
