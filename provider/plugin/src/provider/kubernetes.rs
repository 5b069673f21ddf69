//! Access to Kubernetes from the provider block and the environment. Nothing is read from disk or dialled before it is used.

use framework::prelude::*;
use kubernetes::Client;

use crate::shared::access::Unusable;
use crate::shared::kubernetes_access::{KubernetesAccess, Way, malformed};

/// The provider's own access; a resource's comes before it.
#[derive(Clone)]
pub struct Kubernetes {
    access: Field<KubernetesAccess>,
}

impl Kubernetes {
    /// Reads the attribute; where it is left out, the file that KUBE_CONFIG_PATH names.
    pub fn new(
        config: Field<KubernetesAccess>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let access = match config {
            Field::Null => environment("KUBE_CONFIG_PATH")
                .map(KubernetesAccess::at)
                .into(),
            given => given,
        };
        Self { access }
    }

    /// Whether the access can be used, without reading or dialling anything.
    pub fn check(&self, own: &Field<KubernetesAccess>) -> Result<(), Unusable> {
        self.way(own).map(|_| ())
    }

    /// A client with a resource's own access, or the provider's.
    pub async fn client(&self, own: &Field<KubernetesAccess>) -> Result<Client, Unusable> {
        let access = self.way(own)?.access().await?;
        Client::new(access).map_err(|error| malformed(&error))
    }

    fn way(&self, own: &Field<KubernetesAccess>) -> Result<Way, Unusable> {
        let given = if own.is_null() { &self.access } else { own };
        match given {
            Field::Known(access) => access.way(),
            Field::Unknown => Err(Unusable::Unknown),
            Field::Null => Err(Unusable::Malformed {
                attribute: "kubernetes",
                summary: "TS-K8S-SETTINGS: there is no access to Kubernetes".to_owned(),
                detail: "Set `kubernetes` here or in the provider block, or name a kubeconfig in KUBE_CONFIG_PATH.".to_owned(),
            }),
        }
    }
}
