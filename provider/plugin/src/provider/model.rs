//! Attributes of the provider block.

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;

/// Carries Talos clusters from machines in maintenance mode to a running Kubernetes, in stages. Nothing is dialled until
/// a resource needs it, and every value may be unknown or a placeholder.
#[derive(Model, Clone)]
pub struct ProviderModel {
    /// Name of the cluster, used in ids and messages.
    #[tf(optional)]
    pub cluster_name: Field<String>,
    /// Defaults for the Talos API.
    #[tf(optional)]
    pub talos: Field<TalosDefaults>,
    /// The Image Factory.
    #[tf(optional)]
    pub image_factory: Field<ImageFactory>,
    /// What destroy does about machines that cannot be reached: `error`, or `forget` (leave them behind and list
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

#[cfg(test)]
impl ProviderModel {
    /// A block with nothing in it.
    pub fn empty() -> Self {
        Self {
            cluster_name: Field::Null,
            talos: Field::Null,
            image_factory: Field::Null,
            on_unreachable_destroy: Field::Null,
        }
    }
}
