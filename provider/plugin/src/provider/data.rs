//! What resources get from the provider block and the environment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use framework::prelude::*;
use talos_client::Pool;

use super::kubernetes::Kubernetes;
use super::model::ProviderModel;
use super::proxmox::Proxmox;
use crate::shared::access::{self, Access, Unusable};
use crate::shared::client_configuration::ClientConfiguration;
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};
use crate::shared::talosconfig_file;

/// Where the Image Factory is unless somebody says otherwise.
const PUBLIC_FACTORY: &str = "https://factory.talos.dev";

/// Defaults and shared connections; cheap to clone, nothing is opened before it is needed.
#[derive(Clone)]
pub struct Data {
    /// Name of the cluster; empty where none is known.
    pub cluster_name: String,
    /// Connections to machines, one per endpoint and identity.
    pub pool: Pool,
    /// Address of the Image Factory; never null.
    pub factory_url: Field<String>,
    /// CA certificates for the Image Factory: PEM text or a path.
    pub factory_ca: Field<String>,
    /// What destroy does about what it cannot reach.
    pub unreachable_destroy: UnreachableDestroy,
    /// Access to Proxmox VE.
    pub proxmox: Proxmox,
    /// Access to Kubernetes.
    pub kubernetes: Kubernetes,
    client_configuration: Field<ClientConfiguration>,
    endpoints: Field<Vec<Field<String>>>,
    talosconfig: Option<String>,
    groups: Groups,
}

/// What destroy does about what it cannot reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnreachableDestroy {
    /// Destroy fails.
    Error,
    /// It is left behind and listed.
    Forget,
}

type Groups = Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>;

impl Data {
    /// Reads the block; what it leaves out comes from `environment`.
    pub fn new(
        config: ProviderModel,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
        let talos = config.talos.into_option();
        let factory = config.image_factory.into_option();
        let (url, ca) = factory.map_or((Field::Null, Field::Null), |factory| {
            (factory.url, factory.ca_pem)
        });
        let (client_configuration, endpoints) = talos.map_or((Field::Null, Field::Null), |talos| {
            (talos.client_configuration, talos.endpoints)
        });
        Ok(Self {
            cluster_name: config.cluster_name.into_option().unwrap_or_default(),
            pool: Pool::default(),
            factory_url: unless_given(url, || {
                environment("TALOS_IMAGE_FACTORY_URL").unwrap_or_else(|| PUBLIC_FACTORY.to_owned())
            }),
            factory_ca: match environment("TALOS_IMAGE_FACTORY_CA_PEM") {
                Some(environment) => unless_given(ca, || environment),
                None => ca,
            },
            unreachable_destroy: unreachable_destroy(&config.on_unreachable_destroy, &environment)?,
            proxmox: Proxmox::new(config.proxmox, &environment),
            kubernetes: Kubernetes::new(config.kubernetes, &environment),
            client_configuration,
            endpoints,
            talosconfig: environment("TALOSCONFIG"),
            groups: Groups::default(),
        })
    }

    /// Address of the Image Factory, without a slash at the end.
    pub fn factory(&self) -> Result<&str, Unusable> {
        match self.factory_url.as_str() {
            None => Err(Unusable::Unknown),
            Some(url) if is_placeholder_host(url) => {
                Err(Unusable::Placeholder("image_factory.url"))
            }
            Some(url) => Ok(url.trim_end_matches('/')),
        }
    }

    /// CA certificates for the Image Factory, if any are set.
    pub fn factory_authorities(&self) -> Result<Option<&str>, Unusable> {
        match &self.factory_ca {
            Field::Null => Ok(None),
            Field::Unknown => Err(Unusable::Unknown),
            Field::Known(ca) if is_placeholder_text(ca) => {
                Err(Unusable::Placeholder("image_factory.ca_pem"))
            }
            Field::Known(ca) => Ok(Some(ca)),
        }
    }

    /// A type's own addresses, or the provider's where those are null.
    pub fn endpoints<'a>(
        &'a self,
        own: &'a Field<Vec<Field<String>>>,
    ) -> &'a Field<Vec<Field<String>>> {
        if own.is_null() { &self.endpoints } else { own }
    }

    /// How to call a machine with a resource's own attributes, and the provider's where those are null.
    pub fn access(
        &self,
        endpoints: &Field<Vec<Field<String>>>,
        client_configuration: &Field<ClientConfiguration>,
    ) -> Result<Access, Unusable> {
        Ok(Access {
            endpoints: access::endpoints(self.endpoints(endpoints))?,
            identity: self.identity(client_configuration)?,
        })
    }

    /// The identity of a resource's own attribute, the provider's, or the one in the `TALOSCONFIG` file.
    pub fn identity(
        &self,
        client_configuration: &Field<ClientConfiguration>,
    ) -> Result<Option<talos_client::Identity>, Unusable> {
        if let Some(identity) = self.configured_identity(client_configuration)? {
            return Ok(Some(identity));
        }
        match &self.talosconfig {
            Some(path) => talosconfig_file::identity(path).map(Some),
            None => Ok(None),
        }
    }

    /// The identity of a resource's own attribute, or the provider's. Reads no file.
    pub fn configured_identity(
        &self,
        client_configuration: &Field<ClientConfiguration>,
    ) -> Result<Option<talos_client::Identity>, Unusable> {
        for configuration in [client_configuration, &self.client_configuration] {
            if let Some(identity) = access::identity(configuration)? {
                return Ok(Some(identity));
            }
        }
        Ok(None)
    }

    /// `cluster/name`, or `name` where the cluster has no name.
    pub fn id(&self, name: &str) -> String {
        if is_placeholder_text(&self.cluster_name) {
            name.to_owned()
        } else {
            format!("{}/{name}", self.cluster_name)
        }
    }

    /// The lock of a disruption group: whoever holds it may disturb its machine.
    pub fn group(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.entry(name.to_owned()).or_default().clone()
    }
}

/// What is unknown stays so: a default in its place would be planned for certain.
fn unless_given(field: Field<String>, default: impl FnOnce() -> String) -> Field<String> {
    match field {
        Field::Null => Field::Known(default()),
        given => given,
    }
}

fn unreachable_destroy(
    attribute: &Field<String>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<UnreachableDestroy, Error> {
    const VARIABLE: &str = "TALOS_STACK_ON_UNREACHABLE_DESTROY";
    let value = attribute
        .as_str()
        .map(str::to_owned)
        .or_else(|| environment(VARIABLE));
    match value.as_deref() {
        None | Some("error") => Ok(UnreachableDestroy::Error),
        Some("forget") => Ok(UnreachableDestroy::Forget),
        Some(other) => Err(Error::new(
            format!("TS-INPUT-INVALID: {VARIABLE} is {other:?}"),
            "Set it to `error` or `forget`, or remove it.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::ImageFactory;
    use super::*;

    fn with_factory(url: Field<String>) -> Data {
        let config = ProviderModel {
            image_factory: Field::Known(ImageFactory {
                url,
                ca_pem: Field::Null,
            }),
            ..ProviderModel::empty()
        };
        Data::new(config, &|_| None).unwrap()
    }

    #[test]
    fn an_address_that_is_not_known_is_not_the_public_one() {
        let url = |field| with_factory(field).factory().map(str::to_owned);
        assert!(url(Field::Null).is_ok_and(|url| url == PUBLIC_FACTORY));
        assert!(url("https://f.example/".into()).is_ok_and(|url| url == "https://f.example"));
        assert!(matches!(url(Field::Unknown), Err(Unusable::Unknown)));
        for placeholder in ["mock", "https://factory.invalid"] {
            assert!(matches!(
                url(placeholder.into()),
                Err(Unusable::Placeholder(_))
            ));
        }
    }
}
