//! Documents about Kubernetes that contracts from 1.14 on have beside the main one.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::cluster::{POD_SECURITY, audit_policy, pod_security, subnets};
use super::input::{GenerateError, Input, Role};
use super::machine::{KUBELET, NO_EXTERNAL_LOAD_BALANCER};
use super::{header, map, texts};
use crate::scalar::Url;
use crate::secrets::CertAndKey;
use crate::yaml::{Map, Value};

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
const FLANNEL_PORT: i128 = 4789;

/// Documents that are written one after the other.
#[derive(Default)]
struct Documents(Vec<(&'static str, Map)>);

impl Documents {
    fn add<const N: usize>(&mut self, kind: &'static str, entries: [(&str, Value); N]) {
        let mut body = header(kind);
        for (key, value) in entries {
            body.push(key, value);
        }
        self.0.push((kind, body));
    }
}

/// In Talos's order.
pub(super) fn documents(
    input: &Input<'_>,
    url: &Url,
) -> Result<Vec<(&'static str, Map)>, GenerateError> {
    let mut documents = Documents::default();
    for_every_role(input, url, &mut documents)?;
    if input.role == Role::ControlPlane {
        control_plane(input, url, &mut documents)?;
    }
    Ok(documents.0)
}

fn for_every_role(
    input: &Input<'_>,
    url: &Url,
    documents: &mut Documents,
) -> Result<(), GenerateError> {
    documents.add(
        "KubeClusterConfig",
        [
            ("clusterName", input.cluster_name.as_str().into()),
            ("endpoint", url.to_string().into()),
        ],
    );
    documents.add("KubeNodeConfig", node(input));
    documents.add(
        "KubeletConfig",
        [
            ("image", input.image(KUBELET).into()),
            ("config", Value::map()),
            ("defaultRuntimeSeccompProfileEnabled", Value::Bool(true)),
        ],
    );
    documents.add("KubeNetworkConfig", subnets(input));
    let authority = &input.secrets.certs.k8s;
    let authority = match input.role {
        Role::ControlPlane => ("issuingCA", pair("k8s", authority)?),
        Role::Worker => ("acceptedCAs", texts(&[pem("k8s", &authority.cert)?])),
    };
    documents.add("KubeAPIServerCAConfig", [authority]);
    if let Some(port) = input.kube_prism() {
        documents.add("KubePrismConfig", [("port", Value::Int(port.into()))]);
    }
    Ok(())
}

/// Labels and taints of control planes.
fn node(input: &Input<'_>) -> [(&'static str, Value); 3] {
    let is_control_plane = input.role == Role::ControlPlane;
    let labels = if is_control_plane {
        map([
            (CONTROL_PLANE, Value::from("")),
            (NO_EXTERNAL_LOAD_BALANCER, Value::from("")),
        ])
    } else {
        Value::map()
    };
    let taints = if is_control_plane && !input.allow_scheduling_on_control_planes {
        map([(CONTROL_PLANE, Value::from("NoSchedule"))])
    } else {
        Value::map()
    };
    [
        ("nodeIP", Value::map()),
        ("labels", labels),
        ("taints", taints),
    ]
}

fn control_plane(
    input: &Input<'_>,
    url: &Url,
    documents: &mut Documents,
) -> Result<(), GenerateError> {
    let certs = &input.secrets.certs;
    documents.add(
        "KubeAggregatorCAConfig",
        [("issuingCA", pair("k8saggregator", &certs.k8s_aggregator)?)],
    );
    documents.add(
        "KubeAdmissionControlConfig",
        [
            ("name", POD_SECURITY.into()),
            ("configuration", pod_security()),
        ],
    );
    documents.add("KubeAuditPolicyConfig", [("configuration", audit_policy())]);
    documents.add(
        "KubeAuthenticationConfig",
        [("configuration", authentication())],
    );
    for (name, kind) in [("node", "Node"), ("rbac", "RBAC")] {
        let entries = [("name", name.into()), ("type", kind.into())];
        documents.add("KubeAuthorizerConfig", entries);
    }
    documents.add("KubeEtcdEncryptionConfig", [("config", encryption(input))]);
    let key = certs.k8s_serviceaccount.key.expose();
    let issuer = map([
        ("privateKey", pem("k8sserviceaccount", key)?.into()),
        ("issuerURL", url.to_string().into()),
    ]);
    documents.add("KubeServiceAccountConfig", [("issuer", issuer)]);
    components(input, documents)
}

fn components(input: &Input<'_>, documents: &mut Documents) -> Result<(), GenerateError> {
    let image = |name: &str| Value::from(input.image(&format!("registry.k8s.io/{name}")));
    let port = match input.local_api_server_port {
        0 => Value::Null,
        port => Value::Int(port.into()),
    };
    documents.add(
        "KubeAPIServerConfig",
        [
            ("image", image("kube-apiserver")),
            ("apiPort", port),
            ("certExtraSANs", texts(&input.cert_sans)),
        ],
    );
    documents.add(
        "KubeControllerManagerConfig",
        [("image", image("kube-controller-manager"))],
    );
    for (kind, name) in [
        ("KubeSchedulerConfig", "kube-scheduler"),
        ("KubeProxyConfig", "kube-proxy"),
    ] {
        documents.add(kind, [("image", image(name)), ("config", Value::map())]);
    }
    if input.custom_cni.is_empty() {
        documents.add(
            "KubeFlannelCNIConfig",
            [
                ("backendType", "vxlan".into()),
                ("backendPort", Value::Int(FLANNEL_PORT)),
            ],
        );
    }
    documents.add("KubeCoreDNSConfig", [("enabled", Value::Bool(true))]);
    if !input.custom_cni.is_empty() {
        let url = Url::parse(&input.custom_cni).map_err(|why| {
            let cni = &input.custom_cni;
            GenerateError(format!(
                "the network plugin '{cni}' is not a URL: it has {why}"
            ))
        })?;
        documents.add(
            "KubeExternalManifestConfig",
            [
                ("name", "custom-cni".into()),
                ("url", url.to_string().into()),
            ],
        );
    }
    Ok(())
}

/// Without a name, only health can be asked for.
fn authentication() -> Value {
    let paths = ["/livez", "/readyz", "/healthz"];
    let conditions = paths.map(|path| map([("path", Value::from(path))]));
    let anonymous = map([
        ("conditions", Value::List(conditions.to_vec())),
        ("enabled", Value::Bool(true)),
    ]);
    map([("anonymous", anonymous), ("jwt", Value::List(Vec::new()))])
}

/// Talos puts both kinds of keys under the same name.
fn encryption(input: &Input<'_>) -> Value {
    let secrets = &input.secrets.secrets;
    let keys = [
        ("key2", &secrets.secretbox_encryption_secret),
        ("key1", &secrets.aescbc_encryption_secret),
    ];
    let providers = keys.into_iter().filter_map(|(name, secret)| {
        let secret = secret.as_ref().filter(|secret| !secret.is_empty())?;
        let key = map([("name", name.into()), ("secret", secret.expose().into())]);
        let keys = map([("keys", Value::List(vec![key]))]);
        Some(map([("secretbox", keys)]))
    });
    let resource = map([
        ("providers", Value::List(providers.collect())),
        ("resources", texts(&["secrets"])),
    ]);
    map([("resources", Value::List(vec![resource]))])
}

fn pair(name: &str, pair: &CertAndKey) -> Result<Value, GenerateError> {
    Ok(map([
        ("cert", pem(name, &pair.cert)?.into()),
        ("key", pem(name, pair.key.expose())?.into()),
    ]))
}

/// The text behind the base64 of a bundle.
fn pem(name: &str, text: &str) -> Result<String, GenerateError> {
    let bytes = STANDARD.decode(text).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| GenerateError(format!("certs.{name} of the secrets is no base64 of PEM")))
}
