use std::collections::BTreeMap;

use crate::diff::{Changes, Leaf, path};

/// A change that an installed machine may not survive as a member of its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// The node would register under another name.
    Hostname,
    /// An address goes away, or the kubelet or etcd would choose another one.
    NodeIp,
    /// The machine would belong to another cluster, or trust another authority.
    ClusterId,
    /// What is encrypted on disk or in etcd could no longer be read.
    EncryptionKey,
    /// The next upgrade would install to another disk.
    InstallDisk,
    /// A worker would become a control plane or the other way round.
    MachineType,
}

impl Danger {
    /// The name in `allow_change`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hostname => "hostname",
            Self::NodeIp => "node_ip",
            Self::ClusterId => "cluster_id",
            Self::EncryptionKey => "encryption_key",
            Self::InstallDisk => "install_disk",
            Self::MachineType => "machine_type",
        }
    }
}

/// The dangers in what a live machine would be changed to, each with the full paths that pose it.
pub fn dangers(changes: &Changes) -> BTreeMap<Danger, Vec<String>> {
    let mut out: BTreeMap<Danger, Vec<String>> = BTreeMap::new();
    for (leaf, shown) in changes.leaves().iter().zip(changes.differences()) {
        if let Some(danger) = of_leaf(leaf) {
            out.entry(danger).or_default().push(shown.full_path());
        }
    }
    out
}

fn of_leaf(leaf: &Leaf) -> Option<Danger> {
    let (document, steps) = path::split(&leaf.path);
    let keys: Vec<&str> = steps.iter().filter_map(path::Step::as_key).collect();
    let kind = document.split('/').next().unwrap_or_default();
    // An address more does no harm, and neither does a setting that was not there before.
    let goes_away = leaf.old.is_some();
    match (kind, keys.as_slice()) {
        ("HostnameConfig", _) | ("v1alpha1", ["machine", "network", "hostname"]) => {
            Some(Danger::Hostname)
        }
        ("v1alpha1", ["machine", "type"]) => Some(Danger::MachineType),
        ("v1alpha1", ["machine", "kubelet", "nodeIP", ..]) => Some(Danger::NodeIp),
        ("v1alpha1", ["cluster", "etcd", "subnet" | "advertisedSubnets", ..]) => {
            Some(Danger::NodeIp)
        }
        ("v1alpha1", ["machine", "network", "interfaces", rest @ ..])
            if goes_away && is_address(rest) =>
        {
            Some(Danger::NodeIp)
        }
        ("v1alpha1", ["cluster", "id" | "secret", ..]) => Some(Danger::ClusterId),
        ("v1alpha1", ["machine" | "cluster", "ca", ..] | ["cluster", "etcd", "ca", ..]) => {
            Some(Danger::ClusterId)
        }
        ("v1alpha1", ["machine", "systemDiskEncryption", ..]) => Some(Danger::EncryptionKey),
        (
            "v1alpha1",
            [
                "cluster",
                "secretboxEncryptionSecret" | "aescbcEncryptionSecret",
            ],
        ) => Some(Danger::EncryptionKey),
        ("v1alpha1", ["machine", "install", "disk" | "diskSelector", ..]) if goes_away => {
            Some(Danger::InstallDisk)
        }
        // The same in documents of Talos 1.14.
        ("DiscoveryIdentityConfig", _) | ("KubeAPIServerCAConfig", _) => Some(Danger::ClusterId),
        ("KubeEtcdEncryptionConfig", _) => Some(Danger::EncryptionKey),
        ("KubeNodeConfig", ["nodeIP", ..]) => Some(Danger::NodeIp),
        ("UnattendedInstallConfig", ["provisioning", "diskSelector", ..]) if goes_away => {
            Some(Danger::InstallDisk)
        }
        (_, ["encryption", ..]) if kind.ends_with("VolumeConfig") => Some(Danger::EncryptionKey),
        (_, ["addresses", ..]) if goes_away && kind != "v1alpha1" => Some(Danger::NodeIp),
        _ => None,
    }
}

fn is_address(keys: &[&str]) -> bool {
    matches!(
        keys,
        ["addresses" | "cidr", ..] | ["vlans", "addresses" | "cidr", ..]
    )
}
