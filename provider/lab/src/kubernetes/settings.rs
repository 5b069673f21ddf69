//! What a machine's configuration says about Kubernetes.
//!
//! Names are those of Talos's v1alpha1 document (reference: `pkg/machinery/config/types/v1alpha1`
//! of Talos 1.12).

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Arguments of a component: each name with its values.
pub(super) type Arguments = BTreeMap<String, Vec<String>>;

/// A certificate with its key, both PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pair {
    pub certificate: String,
    pub key: String,
}

/// A cluster, as a control plane's configuration describes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub cluster_name: String,
    /// `https://[fd00:101::10]:6443`.
    pub endpoint: String,
    /// Where each control plane's API server listens.
    pub port: u16,
    pub ca: Pair,
    pub aggregator_ca: Pair,
    /// PEM of the key that signs service accounts' tokens.
    pub service_account_key: String,
    pub secretbox: Option<String>,
    pub aescbc: Option<String>,
    pub service_subnets: Vec<String>,
    pub pod_subnets: Vec<String>,
    pub dns_domain: String,
    pub cert_sans: Vec<String>,
    pub api_server: Arguments,
    pub controller_manager: Arguments,
    pub scheduler: Arguments,
    /// Admission plugins with their configurations.
    pub admission: Vec<Value>,
    /// Images of API server, controller-manager and scheduler.
    pub images: [String; 3],
    pub manifests: Vec<Manifest>,
    pub extra_manifests: Vec<String>,
}

/// An inline manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub name: String,
    pub text: String,
}

/// A node, as its own configuration describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NodeSettings {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    /// Key, value and effect.
    pub taints: Vec<(String, String, String)>,
    /// `v1.35.6`.
    pub kubelet_version: String,
    /// Whether the cluster's network comes from outside Talos (`cni: none`).
    pub foreign_network: bool,
    /// Subnets that the node's addresses are chosen from; all where none is named.
    pub valid_subnets: Vec<String>,
    /// Whether the kubelet registers the node.
    pub registers: bool,
}

/// The v1alpha1 document of a configuration.
fn document(text: &str) -> Result<Value, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|error| format!("a configuration cannot be read: {error}"))?;
    let own = documents
        .into_iter()
        .find(|document| document.get("kind").is_none());
    own.ok_or_else(|| "a configuration has no v1alpha1 document".to_owned())
}

/// A text below a path of keys; empty where there is none.
fn text(value: &Value, path: &str) -> String {
    let found = value.pointer(path).unwrap_or(&Value::Null);
    match found {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn list(value: &Value, path: &str) -> Vec<String> {
    let items = value.pointer(path).and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .map(|item| text(item, ""))
        .collect()
}

fn map(value: &Value, path: &str) -> BTreeMap<String, String> {
    let members = value.pointer(path).and_then(Value::as_object);
    members
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value, "")))
        .collect()
}

/// Since Talos 1.13 an argument may have several values.
fn arguments(value: &Value, path: &str) -> Arguments {
    let members = value.pointer(path).and_then(Value::as_object);
    let values = |value: &Value| match value {
        Value::Array(items) => items.iter().map(|item| text(item, "")).collect(),
        one => vec![text(one, "")],
    };
    members
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), values(value)))
        .collect()
}

/// PEM kept as base64.
fn pem(value: &Value, path: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "{} of the configuration is no PEM text",
            path.replace('/', ".")
        )
    };
    let bytes = STANDARD.decode(text(value, path)).map_err(|_| wrong())?;
    String::from_utf8(bytes).map_err(|_| wrong())
}

fn pair(value: &Value, path: &str) -> Result<Pair, String> {
    Ok(Pair {
        certificate: pem(value, &format!("{path}/crt"))?,
        key: pem(value, &format!("{path}/key"))?,
    })
}

fn or<T: PartialEq + Default>(value: T, default: T) -> T {
    if value == T::default() {
        default
    } else {
        value
    }
}

impl Settings {
    /// Reads a control plane's configuration.
    ///
    /// # Errors
    /// It is none, or a key or certificate is missing.
    pub(super) fn read(config: &str) -> Result<Self, String> {
        let all = document(config)?;
        let secret = |path: &str| Some(text(&all, path)).filter(|text| !text.is_empty());
        let component = |name: &str| arguments(&all, &format!("/cluster/{name}/extraArgs"));
        let image = |name: &str| text(&all, &format!("/cluster/{name}/image"));
        let manifests = all
            .pointer("/cluster/inlineManifests")
            .and_then(Value::as_array);
        let manifest = |value: &Value| Manifest {
            name: text(value, "/name"),
            text: text(value, "/contents"),
        };
        let admission = all
            .pointer("/cluster/apiServer/admissionControl")
            .and_then(Value::as_array);
        Ok(Self {
            cluster_name: text(&all, "/cluster/clusterName"),
            endpoint: text(&all, "/cluster/controlPlane/endpoint"),
            port: text(&all, "/cluster/controlPlane/localAPIServerPort")
                .parse()
                .unwrap_or(6443),
            ca: pair(&all, "/cluster/ca")?,
            aggregator_ca: pair(&all, "/cluster/aggregatorCA")?,
            service_account_key: pem(&all, "/cluster/serviceAccount/key")?,
            secretbox: secret("/cluster/secretboxEncryptionSecret"),
            aescbc: secret("/cluster/aescbcEncryptionSecret"),
            service_subnets: or(
                list(&all, "/cluster/network/serviceSubnets"),
                vec!["10.96.0.0/12".to_owned()],
            ),
            pod_subnets: or(
                list(&all, "/cluster/network/podSubnets"),
                vec!["10.244.0.0/16".to_owned()],
            ),
            dns_domain: or(
                text(&all, "/cluster/network/dnsDomain"),
                "cluster.local".to_owned(),
            ),
            cert_sans: list(&all, "/cluster/apiServer/certSANs"),
            api_server: component("apiServer"),
            controller_manager: component("controllerManager"),
            scheduler: component("scheduler"),
            admission: admission.cloned().unwrap_or_default(),
            images: ["apiServer", "controllerManager", "scheduler"].map(image),
            manifests: manifests.into_iter().flatten().map(manifest).collect(),
            extra_manifests: list(&all, "/cluster/extraManifests"),
        })
    }

    /// The host of the cluster's endpoint, without brackets.
    pub(super) fn endpoint_host(&self) -> String {
        let uri: Option<http::Uri> = self.endpoint.parse().ok();
        let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
        host.trim_matches(['[', ']']).to_owned()
    }

    /// The first address of each service subnet: that of the service `kubernetes`.
    pub(super) fn service_addresses(&self) -> Vec<IpAddr> {
        let subnets = self.service_subnets.iter();
        subnets.filter_map(|subnet| first_address(subnet)).collect()
    }
}

/// The address after a subnet's own.
fn first_address(subnet: &str) -> Option<IpAddr> {
    let base: IpAddr = subnet.split('/').next()?.parse().ok()?;
    Some(match base {
        IpAddr::V4(base) => IpAddr::V4((u32::from(base) + 1).into()),
        IpAddr::V6(base) => IpAddr::V6((u128::from(base) + 1).into()),
    })
}

impl NodeSettings {
    /// Reads a machine's configuration.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn read(config: &str, control_plane: bool) -> Result<Self, String> {
        let all = document(config)?;
        let mut labels = map(&all, "/machine/nodeLabels");
        let mut taints: Vec<_> = map(&all, "/machine/nodeTaints")
            .into_iter()
            .map(|(key, value)| taint(key, &value))
            .collect();
        if control_plane {
            labels.insert(CONTROL_PLANE.to_owned(), String::new());
            let allowed = ["allowSchedulingOnControlPlanes", "allowSchedulingOnMasters"];
            let allowed = allowed
                .iter()
                .any(|name| text(&all, &format!("/cluster/{name}")) == "true");
            if !allowed {
                taints.push((
                    CONTROL_PLANE.to_owned(),
                    String::new(),
                    "NoSchedule".to_owned(),
                ));
            }
        }
        Ok(Self {
            labels,
            annotations: map(&all, "/machine/nodeAnnotations"),
            taints,
            kubelet_version: tag(&text(&all, "/machine/kubelet/image")),
            foreign_network: text(&all, "/cluster/network/cni/name") == "none",
            valid_subnets: list(&all, "/machine/kubelet/nodeIP/validSubnets"),
            registers: text(&all, "/machine/kubelet/skipNodeRegistration") != "true",
        })
    }
}

/// The label and the taint of control planes.
pub(super) const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// `value:effect`, or only an effect.
fn taint(key: String, text: &str) -> (String, String, String) {
    match text.rsplit_once(':') {
        Some((value, effect)) => (key, value.to_owned(), effect.to_owned()),
        None => (key, String::new(), text.to_owned()),
    }
}

/// The tag of an image, without what Talos appends (`-slim`, `-fat`).
fn tag(image: &str) -> String {
    let image = image.split('@').next().unwrap_or_default();
    let tag = image
        .rsplit('/')
        .next()
        .and_then(|name| name.split_once(':'));
    let tag = tag.map_or("v1.35.6", |(_, tag)| tag);
    tag.trim_end_matches("-slim")
        .trim_end_matches("-fat")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_read_with_its_taints() {
        let config = "
machine:
  nodeLabels: { a: b }
  nodeTaints: { one: 'x:NoExecute', two: NoSchedule }
  kubelet: { image: 'ghcr.io/siderolabs/kubelet:v1.35.2-slim' }
cluster: { network: { cni: { name: none } } }
---
apiVersion: v1alpha1
kind: HostnameConfig
";
        let node = NodeSettings::read(config, true).unwrap();
        assert_eq!(node.kubelet_version, "v1.35.2");
        assert!(node.foreign_network && node.registers);
        let taints: Vec<_> = node
            .taints
            .iter()
            .map(|(key, value, effect)| format!("{key}={value}:{effect}"))
            .collect();
        assert_eq!(
            taints,
            [
                "one=x:NoExecute",
                "two=:NoSchedule",
                &format!("{CONTROL_PLANE}=:NoSchedule")
            ]
        );
        assert!(node.labels.contains_key(CONTROL_PLANE));
        assert!(NodeSettings::read(config, false).unwrap().taints.len() == 2);
    }

    #[test]
    fn the_first_address_of_a_service_subnet_is_the_api() {
        let addresses = ["10.96.0.0/12", "fd00:101:96::/108"]
            .map(|subnet| first_address(subnet).unwrap().to_string());
        assert_eq!(addresses, ["10.96.0.1", "fd00:101:96::1"]);
    }

    #[test]
    fn tags_of_images_are_versions() {
        assert_eq!(tag("localhost:5000/kubelet:v1.2.3"), "v1.2.3");
        assert_eq!(tag("k/kubelet:v1.2.3@sha256:00"), "v1.2.3");
        assert_eq!(tag("localhost:5000/kubelet"), "v1.35.6");
    }
}
