//! Attributes of `talos_bootstrap`.

use std::collections::BTreeMap;

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;

/// Starts etcd on one control plane, once in the life of a cluster.
///
/// Every control plane is looked at first. Where any of them is an etcd member the cluster is adopted;
/// nothing ever bootstraps a second one. Destroying the resource leaves the cluster as it is.
#[derive(Model, Clone, PartialEq)]
pub struct Bootstrap {
    /// The cluster's name, or its id where the provider has no name.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// Addresses of all control planes by name.
    #[tf(required)]
    pub control_planes: Field<BTreeMap<String, Field<Vec<Field<String>>>>>,
    /// Control plane that starts etcd; the first one in order of name unless given.
    #[tf(optional)]
    pub node: Field<String>,
    /// Client identity for the Talos API; the provider's unless given.
    #[tf(optional, sensitive)]
    pub client_configuration: Field<ClientConfiguration>,
    /// Refuse any other cluster.
    #[tf(optional, computed, keep)]
    pub cluster_id: Field<String>,
    /// Path of an etcd snapshot to start from; used only where no member exists.
    #[tf(optional)]
    pub recover_from: Field<String>,
    /// What to wait for.
    #[tf(optional)]
    pub wait_for: Field<WaitFor>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// How the cluster came to be: `bootstrapped`, `adopted` or `recovered`.
    #[tf(computed, keep)]
    pub status: Field<String>,
    /// Ids of the etcd members by name.
    #[tf(computed)]
    pub etcd_members: Field<BTreeMap<String, Field<String>>>,
    /// Version of the API server that runs.
    #[tf(computed)]
    pub kubernetes_version: Field<String>,
    /// Whether everything in `wait_for` was seen.
    #[tf(computed)]
    pub cluster_ready: Field<bool>,
}

/// What to wait for.
#[derive(Model, Clone, PartialEq)]
pub struct WaitFor {
    /// etcd members that vote: `all` control planes (the default) or a number of them.
    #[tf(optional)]
    pub etcd_members: Field<String>,
    /// Wait until the Kubernetes API server is ready; true unless given.
    #[tf(optional)]
    pub api_server: Field<bool>,
    /// Machines registered as Kubernetes nodes: `all` control planes or a number of them; not waited for unless
    /// given.
    #[tf(optional)]
    pub nodes_registered: Field<String>,
}

impl Bootstrap {
    /// State of an import: `name=address,name=address`; the refresh that follows fills the rest.
    pub fn imported(id: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::new(
                format!("TS-IMPORT: {id:?} names no control planes"),
                "Write the import id as `name=address`, several separated by commas: cp01=10.0.0.11,cp02=10.0.0.12.",
            )
        };
        let mut control_planes = BTreeMap::new();
        for part in id.split(',') {
            let (name, address) = part.trim().split_once('=').ok_or_else(malformed)?;
            if name.is_empty() || address.is_empty() {
                return Err(malformed());
            }
            let addresses: Field<Vec<Field<String>>> = Field::Known(vec![address.into()]);
            control_planes.insert(name.to_owned(), addresses);
        }
        Ok(Self {
            id: id.into(),
            control_planes: Field::Known(control_planes),
            node: Field::Null,
            client_configuration: Field::Null,
            cluster_id: Field::Null,
            recover_from: Field::Null,
            wait_for: Field::Null,
            timeouts: Field::Null,
            status: "adopted".into(),
            etcd_members: Field::Null,
            kubernetes_version: Field::Null,
            cluster_ready: Field::Known(false),
        })
    }
}
