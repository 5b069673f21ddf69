use serde::{Deserialize, Serialize};

use crate::diff::{Changes, Leaf, path};

/// What a machine does about a change. The larger is the more disruptive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// There is no change.
    None,
    /// Takes effect while everything runs on.
    Live,
    /// A service or a static pod of the node restarts.
    ServiceRestart,
    /// The machine takes it without a reboot, and has acted on all of it only after the next boot.
    /// The apply mode of that name leads to the same: nothing of it acts before.
    Staged,
    /// Talos applies it only with a reboot.
    Reboot,
}

impl Effect {
    /// `none`, `live`, `service_restart`, `staged`, `reboot`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Live => "live",
            Self::ServiceRestart => "service_restart",
            Self::Staged => "staged",
            Self::Reboot => "reboot",
        }
    }
}

/// Parts of `machine` that Talos 1.8 to 1.13 changes without a reboot: what its own check for
/// immediate mode lets differ. Documents other than the main one always may.
const IMMEDIATE: [&str; 18] = [
    "ca",
    "acceptedCAs",
    "time",
    "certSANs",
    "install",
    "network",
    "sysfs",
    "sysctls",
    "logging",
    "controlPlane",
    "kubelet",
    "kernel",
    "registries",
    "pods",
    "seccompProfiles",
    "nodeAnnotations",
    "nodeLabels",
    "nodeTaints",
];

/// How many steps `machine.features` is from the list of documents.
const FEATURES_DEPTH: usize = 3;

/// Parts of `machine.features` that may differ as long as both sides have features at all.
const IMMEDIATE_FEATURES: [&str; 5] = [
    "kubernetesTalosAPIAccess",
    "kubePrism",
    "hostDNS",
    "imageCache",
    "nodeAddressSortAlgorithm",
];

/// Parts of `cluster` from which Talos renders static pods, etcd's or the kubelet's arguments.
const RESTARTING: [&str; 14] = [
    "apiServer",
    "controllerManager",
    "scheduler",
    "etcd",
    "ca",
    "aggregatorCA",
    "acceptedCAs",
    "serviceAccount",
    "secretboxEncryptionSecret",
    "aescbcEncryptionSecret",
    "controlPlane",
    "token",
    "externalCloudProvider",
    "clusterName",
];

/// Documents from which Talos renders the same, or that are about a service themselves.
const RESTARTING_KINDS: [&str; 19] = [
    "ContainerConfig",
    "ExtensionServiceConfig",
    "KubeAPIServerCAConfig",
    "KubeAPIServerConfig",
    "KubeAdmissionControlConfig",
    "KubeAggregatorCAConfig",
    "KubeAuditPolicyConfig",
    "KubeAuthenticationConfig",
    "KubeAuthorizerConfig",
    "KubeClusterConfig",
    "KubeControllerManagerConfig",
    "KubeCredentialProviderConfig",
    "KubeEtcdEncryptionConfig",
    "KubeNetworkConfig",
    "KubeNodeConfig",
    "KubeSchedulerConfig",
    "KubeServiceAccountConfig",
    "KubeStaticPodConfig",
    "KubeletConfig",
];

/// The most disruptive effect of any of `changes`.
pub fn effect(changes: &Changes) -> Effect {
    let effects = changes.leaves().iter().map(|leaf| match of_leaf(leaf) {
        // Talos 1.14 has no such check: its ApplyConfiguration (read in the source of 1.14.1) makes
        // `auto` to `no reboot` and refuses `reboot`. Some parts, such as `machine.files`, are still
        // written by the boot sequence alone.
        Effect::Reboot if changes.line().from(14) => Effect::Staged,
        effect => effect,
    });
    effects.max().unwrap_or(Effect::None)
}

fn of_leaf(leaf: &Leaf) -> Effect {
    let (document, steps) = path::split(&leaf.path);
    let keys: Vec<&str> = steps.iter().filter_map(path::Step::as_key).collect();
    match (document, keys.as_slice()) {
        // One side has no features.
        ("v1alpha1", ["machine", "features", ..]) if leaf.edited <= FEATURES_DEPTH => {
            Effect::Reboot
        }
        (document, keys) => of_path(document, keys),
    }
}

fn of_path(document: &str, keys: &[&str]) -> Effect {
    if document != "v1alpha1" {
        let kind = document.split('/').next().unwrap_or_default();
        return if RESTARTING_KINDS.contains(&kind) {
            Effect::ServiceRestart
        } else {
            Effect::Live
        };
    }
    match keys {
        ["debug", ..] => Effect::Live,
        ["cluster", part, ..] if RESTARTING.contains(part) => Effect::ServiceRestart,
        ["cluster", ..] => Effect::Live,
        ["machine", "kubelet", ..] => Effect::ServiceRestart,
        ["machine", "features", part, ..] if IMMEDIATE_FEATURES.contains(part) => Effect::Live,
        ["machine", part, ..] if IMMEDIATE.contains(part) => Effect::Live,
        _ => Effect::Reboot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::document::Config;
    use crate::tables::Line;

    fn between(old: &str, new: &str, line: Line) -> Effect {
        let load = |text: &str| Config::load(text, line).unwrap();
        effect(&diff(&load(old), &load(new)))
    }

    #[test]
    fn features_that_come_or_go_as_a_whole_need_a_reboot() {
        let (none, some) = (
            "machine: {type: worker}\n",
            "machine: {type: worker, features: {hostDNS: {enabled: true}}}\n",
        );
        let more = "machine: {type: worker, features: {hostDNS: {enabled: true}, kubePrism: {enabled: true}}}\n";
        assert_eq!(between(none, some, Line::V1_13), Effect::Reboot);
        assert_eq!(between(some, none, Line::V1_13), Effect::Reboot);
        assert_eq!(between(some, more, Line::V1_13), Effect::Live);
    }

    #[test]
    fn the_newest_line_takes_everything_at_once() {
        let (old, new) = (
            "machine: {type: worker, token: a}\n",
            "machine: {type: worker, token: b}\n",
        );
        assert_eq!(between(old, new, Line::V1_13), Effect::Reboot);
        assert_eq!(between(old, new, Line::V1_14), Effect::Staged);
        assert_eq!(between(old, old, Line::V1_14), Effect::None);
    }

    #[test]
    fn paths_have_the_effect_talos_gives_them() {
        for (path, wanted) in [
            ("machine.sysctls.a", Effect::Live),
            ("machine.kubelet.image", Effect::ServiceRestart),
            ("machine.type", Effect::Reboot),
            ("machine.token", Effect::Reboot),
            ("machine.files.content", Effect::Reboot),
            ("machine.udev.rules", Effect::Reboot),
            ("machine.features.rbac", Effect::Reboot),
            ("machine.features.hostDNS.enabled", Effect::Live),
            ("machine.features", Effect::Reboot),
            ("cluster.inlineManifests", Effect::Live),
            ("cluster.apiServer.image", Effect::ServiceRestart),
            ("persist", Effect::Reboot),
        ] {
            let keys: Vec<&str> = path.split('.').collect();
            assert_eq!(of_path("v1alpha1", &keys), wanted, "{path}");
        }
        assert_eq!(of_path("HostnameConfig", &["hostname"]), Effect::Live);
        let extension = of_path("ExtensionServiceConfig/bird2", &["environment"]);
        assert_eq!(extension, Effect::ServiceRestart);
    }
}
