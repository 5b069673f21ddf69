//! What a control plane shows of itself before its bootstrap.

use super::ask::{get, list};
use crate::Step;
use crate::Who::Admin;

pub(super) fn steps() -> Vec<Step> {
    let of = |about: &str, namespace: &str, kind: &str, id: &str| {
        get(&format!("resources: {about}"), Admin, namespace, kind, id)
    };
    let mut steps = vec![
        of(
            "machine status",
            "runtime",
            "MachineStatuses.runtime.talos.dev",
            "machine",
        ),
        of(
            "machine type",
            "config",
            "MachineTypes.config.talos.dev",
            "machine-type",
        ),
        of(
            "configuration in force",
            "config",
            "MachineConfigs.config.talos.dev",
            "v1alpha1",
        ),
        of(
            "configuration on disk",
            "config",
            "MachineConfigs.config.talos.dev",
            "persistent",
        ),
        of(
            "no configuration of this id",
            "config",
            "MachineConfigs.config.talos.dev",
            "nope",
        ),
        of(
            "release",
            "runtime",
            "Versions.runtime.talos.dev",
            "version",
        ),
        of(
            "host name",
            "network",
            "HostnameStatuses.net.talos.dev",
            "hostname",
        ),
        of(
            "network status",
            "network",
            "NetworkStatuses.net.talos.dev",
            "status",
        ),
        of(
            "default address",
            "network",
            "NodeAddresses.net.talos.dev",
            "default",
        ),
        of(
            "current addresses",
            "network",
            "NodeAddresses.net.talos.dev",
            "current",
        ),
        of("loopback", "network", "LinkStatuses.net.talos.dev", "lo"),
        of("time", "runtime", "TimeStatuses.v1alpha1.talos.dev", "node"),
        of(
            "platform",
            "runtime",
            "PlatformMetadatas.talos.dev",
            "platformmetadata",
        ),
        of(
            "identity",
            "cluster",
            "Identities.cluster.talos.dev",
            "local",
        ),
        of("cluster", "cluster", "Infos.cluster.talos.dev", "current"),
        of(
            "itself as a member",
            "cluster",
            "Members.cluster.talos.dev",
            "contract-01",
        ),
        of(
            "name of the node",
            "k8s",
            "Nodenames.kubernetes.talos.dev",
            "nodename",
        ),
        of(
            "no status of the node",
            "k8s",
            "NodeStatuses.kubernetes.talos.dev",
            "contract-01",
        ),
        of(
            "no member of etcd",
            "etcd",
            "EtcdMembers.etcd.talos.dev",
            "local",
        ),
        of(
            "no extension",
            "runtime",
            "ExtensionStatuses.runtime.talos.dev",
            "schematic",
        ),
        of(
            "no secrets of Kubernetes",
            "secrets",
            "KubernetesSecrets.secrets.talos.dev",
            "nope",
        ),
        of(
            "a definition",
            "meta",
            "ResourceDefinitions.meta.cosi.dev",
            "members.cluster.talos.dev",
        ),
        of("unknown kind", "runtime", "Nopes.talos.dev", "nope"),
        of(
            "unknown namespace",
            "nowhere",
            "Versions.runtime.talos.dev",
            "version",
        ),
        of(
            "a kind elsewhere",
            "config",
            "Versions.runtime.talos.dev",
            "version",
        ),
        list(
            "resources: members",
            Admin,
            "cluster",
            "Members.cluster.talos.dev",
        ),
        list(
            "resources: static pods",
            Admin,
            "k8s",
            "StaticPodStatuses.kubernetes.talos.dev",
        ),
        list(
            "resources: extensions",
            Admin,
            "runtime",
            "ExtensionStatuses.runtime.talos.dev",
        ),
    ];
    for name in [
        "apid",
        "containerd",
        "cri",
        "etcd",
        "kubelet",
        "machined",
        "trustd",
        "nope",
    ] {
        let about = format!("service {name}");
        steps.push(of(&about, "runtime", "Services.v1alpha1.talos.dev", name));
    }
    steps
}
