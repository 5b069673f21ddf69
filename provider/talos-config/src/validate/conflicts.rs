//! What the main document and another document cannot both say.

use super::report::Checks;
use super::view::View;
use crate::document::Document;
use crate::scalar::parse_addr;

pub(super) fn check(document: &Document, main: View<'_>, checks: &mut Checks) {
    let conflict = match document.kind() {
        "HostnameConfig" => hostname(main),
        "ResolverConfig" => resolver(main).or_else(|| host_dns(document, main)),
        "TimeSyncConfig" => time_sync(main),
        "VolumeConfig" => encryption(document, main),
        "KubeSpanConfig" => first_set(main, &["machine.network.kubespan"]),
        "DiscoveryIdentityConfig" => first_filled(main, &["cluster.id", "cluster.secret"]),
        "KubeEtcdEncryptionConfig" => first_filled(
            main,
            &[
                "cluster.secretboxEncryptionSecret",
                "cluster.aescbcEncryptionSecret",
            ],
        ),
        "KubeClusterConfig" => first_filled(main, &["cluster.clusterName"])
            .or_else(|| first_set(main, &["cluster.controlPlane.endpoint"])),
        "KubeAPIServerConfig" => first_set(main, &["cluster.apiServer"]).or_else(|| {
            let path = "cluster.controlPlane.localAPIServerPort";
            (main.at(path).int() != 0).then_some(path)
        }),
        "KubeAdmissionControlConfig" | "KubeAuthorizerConfig" => {
            let path = "cluster.apiServer.admissionControl";
            (main.at(path).len() > 0).then_some(path)
        }
        kind => REPLACED
            .iter()
            .find(|(known, _)| *known == kind)
            .and_then(|(_, paths)| first_set(main, paths)),
    };
    if let Some(path) = conflict {
        checks.error(format!(
            "{path} of the main document says the same: delete it there"
        ));
    }
}

/// Kinds with the parts of the main document that cannot be there beside them.
const REPLACED: &[(&str, &[&str])] = &[
    (
        "CRIBaseRuntimeSpecConfig",
        &["machine.baseRuntimeSpecOverrides"],
    ),
    ("DiscoveryServiceConfig", &["cluster.discovery"]),
    ("ImageCacheConfig", &["machine.features.imageCache"]),
    ("KubeAPIServerCAConfig", &["cluster.ca"]),
    ("KubeAggregatorCAConfig", &["cluster.aggregatorCA"]),
    ("KubeAuditPolicyConfig", &["cluster.apiServer.auditPolicy"]),
    (
        "KubeControllerManagerConfig",
        &[
            "cluster.controllerManager",
            "machine.controlPlane.controllerManager",
        ],
    ),
    ("KubeCoreDNSConfig", &["cluster.coreDNS"]),
    ("KubeCredentialProviderConfig", &["machine.kubelet"]),
    ("KubeFlannelCNIConfig", &["cluster.network"]),
    ("KubeNetworkConfig", &["cluster.network"]),
    (
        "KubeNodeConfig",
        &[
            "cluster.allowSchedulingOnControlPlanes",
            "cluster.allowSchedulingOnMasters",
            "machine.kubelet.skipNodeRegistration",
            "machine.kubelet.registerWithFQDN",
            "machine.kubelet.nodeIP",
            "machine.nodeLabels",
            "machine.nodeAnnotations",
            "machine.nodeTaints",
        ],
    ),
    ("KubePrismConfig", &["machine.features.kubePrism"]),
    ("KubeProxyConfig", &["cluster.proxy"]),
    (
        "KubeSchedulerConfig",
        &["cluster.scheduler", "machine.controlPlane.scheduler"],
    ),
    ("KubeServiceAccountConfig", &["cluster.serviceAccount"]),
    (
        "KubeTalosAPIAccessConfig",
        &["machine.features.kubernetesTalosAPIAccess"],
    ),
    ("KubeletConfig", &["machine.kubelet"]),
    ("UnattendedInstallConfig", &["machine.install"]),
];

fn first_set(main: View<'_>, paths: &[&'static str]) -> Option<&'static str> {
    paths.iter().copied().find(|path| main.at(path).is_set())
}

fn first_filled(main: View<'_>, paths: &[&'static str]) -> Option<&'static str> {
    let filled = |path: &&str| !main.at(path).text().is_empty();
    paths.iter().copied().find(filled)
}

fn host_dns(document: &Document, main: View<'_>) -> Option<&'static str> {
    let own = View::of_map(document.body()).at("hostDNS").is_set();
    first_set(main, &["machine.features.hostDNS"]).filter(|_| own)
}

fn hostname(main: View<'_>) -> Option<&'static str> {
    if !main.at("machine.network.hostname").text().is_empty() {
        return Some("machine.network.hostname");
    }
    main.at("machine.features.stableHostname")
        .flag()
        .then_some("machine.features.stableHostname")
}

fn resolver(main: View<'_>) -> Option<&'static str> {
    let network = main.at("machine.network");
    if network.at("searchDomains").is_set() {
        return Some("machine.network.searchDomains");
    }
    if network
        .at("nameservers")
        .texts()
        .any(|address| parse_addr(address).is_some())
    {
        return Some("machine.network.nameservers");
    }
    network
        .at("disableSearchDomain")
        .flag()
        .then_some("machine.network.disableSearchDomain")
}

fn time_sync(main: View<'_>) -> Option<&'static str> {
    let time = main.at("machine.time");
    if time.at("disabled").flag() {
        return Some("machine.time.disabled");
    }
    if time.at("servers").len() > 0 {
        return Some("machine.time.servers");
    }
    time.at("bootTimeout")
        .is_set()
        .then_some("machine.time.bootTimeout")
}

fn encryption(document: &Document, main: View<'_>) -> Option<&'static str> {
    let encrypted = View::of_map(document.body()).at("encryption").is_set();
    let (path, label) = match document.name() {
        Some("STATE") => (
            "machine.systemDiskEncryption.state",
            "machine.systemDiskEncryption.state",
        ),
        Some("EPHEMERAL") => (
            "machine.systemDiskEncryption.ephemeral",
            "machine.systemDiskEncryption.ephemeral",
        ),
        _ => return None,
    };
    (encrypted && main.at(path).is_set()).then_some(label)
}
