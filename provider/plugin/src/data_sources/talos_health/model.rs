//! Attributes of `talos_health`.

use std::collections::BTreeMap;

use framework::prelude::*;

use crate::shared::client_configuration::ClientConfiguration;
use crate::shared::kubernetes_access::KubernetesAccess;

/// Addresses of machines by name.
pub type Machines = BTreeMap<String, Field<Vec<Field<String>>>>;

/// Looks once at the health of a cluster, through the Talos API of its machines.
///
/// Machines that cannot be reached, and placeholder addresses, count as not healthy, with a warning; with
/// `require = true` whatever is not healthy is an error.
#[derive(Model, Clone)]
pub struct Health {
    /// Addresses of the control planes by name.
    #[tf(required)]
    pub control_planes: Field<Machines>,
    /// Addresses of the workers by name.
    #[tf(optional)]
    pub workers: Field<Machines>,
    /// Client identity for the Talos API; the provider's unless given.
    #[tf(optional, sensitive)]
    pub client_configuration: Field<ClientConfiguration>,
    /// Credentials with which the levels `kubernetes` and `cluster` ask the Kubernetes API for its nodes and what it runs. Unless given,
    /// no Kubernetes credentials are needed, and the provider's are not used: each machine is asked over the Talos API what it has read
    /// of its own node, and the API server is asked with what Talos keeps on a control plane for its own use.
    #[tf(optional)]
    pub kubernetes: Field<KubernetesAccess>,
    /// How far to look; each level includes those before it, and `cluster` is looked at unless given.
    /// `node`: each machine for itself. `etcd`: its members agree and are the control planes. `control_plane`: the
    /// API server, controller manager and scheduler of each control plane are ready. `kubernetes`: every machine is
    /// registered as a node, ready and schedulable. `cluster`: kube-proxy and CoreDNS are ready where they run.
    #[tf(
        optional,
        one_of("node", "etcd", "control_plane", "kubernetes", "cluster")
    )]
    pub level: Field<String>,
    /// Whether a cluster that is not healthy is an error; false unless given.
    #[tf(optional)]
    pub require: Field<bool>,
    /// How long the look may take, as a Go duration; it gives up on a machine after ten seconds at most.
    #[tf(optional)]
    pub timeouts: Field<ReadTimeout>,
    /// Whether all checks passed.
    #[tf(computed)]
    pub healthy: Field<bool>,
    /// The checks by name, as `talosctl health` names them.
    #[tf(computed)]
    pub checks: Field<BTreeMap<String, HealthCheck>>,
}

/// Outcome of one check.
#[derive(Model, Clone)]
pub struct HealthCheck {
    /// Whether it passed on all machines.
    #[tf(computed)]
    pub ok: Field<bool>,
    /// `OK`, or what is wrong, machine by machine.
    #[tf(computed)]
    pub message: Field<String>,
    /// Names of the machines on which it did not pass.
    #[tf(computed)]
    pub nodes: Field<Vec<Field<String>>>,
}
