//! What can only be said of all documents together, from Talos 1.14 on.

use super::report::Checks;
use super::view::View;
use super::{Mode, containers, machine};
use crate::document::{Config, MAIN};
use crate::scalar::Url;

const CONTROL_PLANE_LABEL: &str = "node-role.kubernetes.io/control-plane";

/// Kinds that only control planes may have.
const CONTROL_PLANE_ONLY: [&str; 14] = [
    "KubeAPIServerConfig",
    "KubeAdmissionControlConfig",
    "KubeAggregatorCAConfig",
    "KubeAuditPolicyConfig",
    "KubeAuthenticationConfig",
    "KubeAuthorizerConfig",
    "KubeControllerManagerConfig",
    "KubeCoreDNSConfig",
    "KubeEtcdEncryptionConfig",
    "KubeFlannelCNIConfig",
    "KubeProxyConfig",
    "KubeSchedulerConfig",
    "KubeServiceAccountConfig",
    "KubeTalosAPIAccessConfig",
];

/// All documents, old parts and new ones.
struct Whole<'a> {
    config: &'a Config,
    main: View<'a>,
}

pub(super) fn check(config: &Config, mode: Mode, checks: &mut Checks) {
    let main = config.document(MAIN);
    let whole = Whole {
        config,
        main: main.map_or(View::Nothing, |document| View::of_map(document.body())),
    };
    whole.dns(mode, checks);
    whole.discovery(checks);
    let containers = whole.kind("ContainerConfig");
    containers::graph(containers.into_iter(), checks);
    let spans = match whole.one("KubeSpanConfig") {
        View::Nothing => whole.main.at("machine.network.kubespan"),
        document => document,
    };
    checks.refuse(
        spans.at("enabled").flag() && !whole.discovers(),
        "KubeSpan: needs discovery",
    );
    whole.kubernetes(checks);
}

impl<'a> Whole<'a> {
    fn kind(&self, kind: &str) -> Vec<View<'a>> {
        let documents = self.config.documents().iter();
        documents
            .filter(|document| document.kind() == kind)
            .map(|document| View::of_map(document.body()))
            .collect()
    }

    fn one(&self, kind: &str) -> View<'a> {
        self.kind(kind).into_iter().next().unwrap_or(View::Nothing)
    }

    /// Settings of the host's own DNS, wherever they are.
    fn host_dns(&self) -> View<'a> {
        match self.one("ResolverConfig").at("hostDNS") {
            document if document.at("enabled").flag() => document,
            _ => self.main.at("machine.features.hostDNS"),
        }
    }

    fn dns(&self, mode: Mode, checks: &mut Checks) {
        let host = self.host_dns();
        if mode == Mode::Container {
            if host.is_set() {
                for key in ["enabled", "forwardKubeDNSToHost"] {
                    checks.refuse(
                        !host.at(key).flag(),
                        format!("hostDNS.{key}: containers need it"),
                    );
                }
            } else {
                checks.error("hostDNS: containers need it");
            }
        }
        let encrypted = self
            .one("ResolverConfig")
            .at("nameservers")
            .items()
            .any(|server| !matches!(server.at("protocol").text(), "" | "Do53"));
        checks.refuse(
            encrypted && !host.at("enabled").flag(),
            "ResolverConfig: DNS over TLS or HTTP needs hostDNS",
        );
    }

    /// The main document has a service of discovery only if its endpoint can be read as a URL.
    fn discovers(&self) -> bool {
        let old = self.main.at("cluster.discovery");
        let service = old.at("registries.service");
        old.at("enabled").flag()
            && !service.at("disabled").flag()
            && Url::parse(service.at("endpoint").text()).is_ok()
            || !self.kind("DiscoveryServiceConfig").is_empty()
    }

    fn discovery(&self, checks: &mut Checks) {
        if !self.discovers() {
            return;
        }
        let old = |key: &str| self.main.at("cluster").at(key).text();
        let document = self.one("DiscoveryIdentityConfig");
        let (id, secret) = match (old("id"), old("secret")) {
            ("", "") => (
                document.at("clusterID").text(),
                document.at("clusterSecret").text(),
            ),
            both => both,
        };
        checks.refuse(id.is_empty(), "discovery: needs the cluster's id");
        checks.refuse(secret.is_empty(), "discovery: needs the cluster's secret");
    }

    fn kubernetes(&self, checks: &mut Checks) {
        let is_control_plane = machine::is_control_plane(self.main.at("machine"));
        let cluster = self.main.at("cluster");
        let has_authority = !self.kind("KubeAPIServerCAConfig").is_empty()
            || cluster.at("ca").is_set()
            || cluster.at("acceptedCAs").is_set();
        if is_control_plane {
            let encrypts = ["secretboxEncryptionSecret", "aescbcEncryptionSecret"]
                .into_iter()
                .any(|key| !cluster.at(key).text().is_empty())
                || !self.kind("KubeEtcdEncryptionConfig").is_empty();
            checks.refuse(
                has_authority && !encrypts,
                "etcd: control planes need an encryption configuration",
            );
            if let Some(node) = self.kind("KubeNodeConfig").first() {
                let labels = node.at("labels").entries();
                let labelled = labels.iter().any(|(key, _)| *key == CONTROL_PLANE_LABEL);
                if !labelled && !node.at("skipNodeRegistration").flag() {
                    checks.warn(format!(
                        "KubeNodeConfig: the label {CONTROL_PLANE_LABEL} is missing, and Talos does not add it"
                    ));
                }
            }
        }
        let named = !self.kind("KubeClusterConfig").is_empty()
            || cluster.at("controlPlane.endpoint").is_set();
        checks.refuse(
            has_authority && !named,
            "KubeClusterConfig: is missing, and Kubernetes needs its name and endpoint",
        );
        let mut misplaced = CONTROL_PLANE_ONLY
            .into_iter()
            .filter(|kind| !is_control_plane && !self.kind(kind).is_empty())
            .peekable();
        if misplaced.peek().is_some() {
            let kinds: Vec<&str> = misplaced.collect();
            checks.error(format!("only control planes may have {}", kinds.join(", ")));
        }
    }
}
