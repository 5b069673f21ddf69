//! What the machines of a cluster and the Kubernetes behind them know of each other.
//!
//! The machines tell what they are; the Kubernetes side runs what such machines would run, and
//! tells how that goes. Neither calls the other's code.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::watch;

/// A cluster as its running machines describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterView {
    /// The cluster id of the configurations.
    pub id: String,
    /// Machines that run with a configuration, by node name.
    pub machines: Vec<MachineView>,
}

/// A running machine that has a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineView {
    /// SMBIOS UUID.
    pub uuid: String,
    /// The node's name in Kubernetes.
    pub name: String,
    /// Addresses of its links, and the VIP while it holds it.
    pub addresses: Vec<IpAddr>,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// Its whole configuration, as YAML.
    pub config: Arc<str>,
    /// What its etcd is.
    pub etcd: Etcd,
    /// Whether its kubelet runs.
    pub kubelet: bool,
}

/// What a machine's etcd is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Etcd {
    /// No member, or not running.
    None,
    /// A member without a vote.
    Learner,
    /// A member with a vote.
    Voter,
}

/// How Kubernetes is on one machine. All false where nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeView {
    /// Its API server answers `/readyz`.
    pub api_server: bool,
    /// Its controller-manager runs.
    pub controller_manager: bool,
    /// Its scheduler runs.
    pub scheduler: bool,
    /// Its Node is registered.
    pub registered: bool,
    /// Its Node is Ready.
    pub ready: bool,
}

/// Plays Kubernetes for clusters. Calls must not block.
pub trait Kubernetes: Send + Sync {
    /// A cluster's machines changed. No machines: everything of it was reset or is off.
    fn changed(&self, cluster: ClusterView);

    /// A machine bootstrapped etcd anew: nothing of an older cluster with this id may come back.
    fn bootstrapped(&self, _cluster: &str) {}

    /// How Kubernetes is, by machine UUID.
    fn nodes(&self) -> watch::Receiver<BTreeMap<String, NodeView>>;
}
