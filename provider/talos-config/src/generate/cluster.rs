use super::input::{Input, Role};
use super::{map, texts};
use crate::contract::Contract;
use crate::scalar::Url;
use crate::secrets::CertAndKey;
use crate::yaml::{Map, Value};

const POD_SUBNET: &str = "10.244.0.0/16";
const SERVICE_SUBNET: &str = "10.96.0.0/12";

/// The `cluster` part of the main document.
pub(super) fn cluster(input: &Input<'_>, url: &Url, contract: Contract) -> Map {
    let secrets = input.secrets;
    let mut cluster = Map::new();
    if contract.from(14) {
        let token = secrets.secrets.bootstrap_token.expose();
        cluster.push("token", Value::from(token));
        if input.role == Role::ControlPlane {
            cluster.push("etcd", map([("ca", pair(&secrets.certs.etcd))]));
        }
        return cluster;
    }
    cluster.push("id", Value::from(secrets.cluster.id.as_str()));
    cluster.push("secret", Value::from(secrets.cluster.secret.expose()));
    cluster.push(
        "controlPlane",
        map([("endpoint", Value::from(url.to_string()))]),
    );
    cluster.push("clusterName", Value::from(input.cluster_name.as_str()));
    cluster.push("network", network(input));
    cluster.push(
        "token",
        Value::from(secrets.secrets.bootstrap_token.expose()),
    );
    cluster.push("discovery", discovery(input));
    match input.role {
        Role::ControlPlane => control_plane(input, url, contract, &mut cluster),
        Role::Worker => {
            let ca = [
                ("crt", Value::from(secrets.certs.k8s.cert.as_str())),
                ("key", Value::from("")),
            ];
            cluster.push("ca", map(ca));
        }
    }
    cluster
}

/// What only control planes have.
fn control_plane(input: &Input<'_>, url: &Url, contract: Contract, cluster: &mut Map) {
    let certs = &input.secrets.certs;
    let secretbox = input.secrets.secrets.secretbox_encryption_secret.as_ref();
    cluster.push(
        "secretboxEncryptionSecret",
        Value::from(secretbox.map_or("", |s| s.expose())),
    );
    cluster.push("ca", pair(&certs.k8s));
    cluster.push("aggregatorCA", pair(&certs.k8s_aggregator));
    cluster.push(
        "serviceAccount",
        map([("key", Value::from(certs.k8s_serviceaccount.key.expose()))]),
    );
    cluster.push("apiServer", api_server(input, url, contract));
    for (name, image) in [
        (
            "controllerManager",
            "registry.k8s.io/kube-controller-manager",
        ),
        ("proxy", "registry.k8s.io/kube-proxy"),
        ("scheduler", "registry.k8s.io/kube-scheduler"),
    ] {
        cluster.push(name, map([("image", Value::from(input.image(image)))]));
    }
    cluster.push("etcd", map([("ca", pair(&certs.etcd))]));
    if input.allow_scheduling_on_control_planes {
        cluster.push("allowSchedulingOnControlPlanes", Value::Bool(true));
    }
    if input.local_api_server_port > 0
        && let Some(Value::Map(place)) = cluster.get_mut("controlPlane")
    {
        place.push(
            "localAPIServerPort",
            Value::Int(input.local_api_server_port.into()),
        );
    }
}

fn pair(pair: &CertAndKey) -> Value {
    map([
        ("crt", Value::from(pair.cert.as_str())),
        ("key", Value::from(pair.key.expose())),
    ])
}

/// Domain and subnets of the cluster.
pub(super) fn subnets(input: &Input<'_>) -> [(&'static str, Value); 3] {
    [
        ("dnsDomain", Value::from(input.dns_domain.as_str())),
        ("podSubnets", texts(&[POD_SUBNET])),
        ("serviceSubnets", texts(&[SERVICE_SUBNET])),
    ]
}

fn network(input: &Input<'_>) -> Value {
    let mut network: Map = subnets(input)
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    if !input.custom_cni.is_empty() {
        let cni = [
            ("name", Value::from("custom")),
            ("urls", texts(&[&input.custom_cni])),
        ];
        network.push("cni", map(cni));
    }
    Value::Map(network)
}

fn discovery(input: &Input<'_>) -> Value {
    let registries = map([
        ("kubernetes", map([("disabled", Value::Bool(true))])),
        ("service", Value::map()),
    ]);
    map([
        ("enabled", Value::Bool(input.discovery)),
        ("registries", registries),
    ])
}

fn api_server(input: &Input<'_>, url: &Url, contract: Contract) -> Value {
    let mut sans = Vec::new();
    if !contract.from(12) {
        sans.push(url.hostname());
    }
    sans.extend(input.cert_sans.iter().cloned());
    let mut server = Map::new();
    server.push(
        "image",
        Value::from(input.image("registry.k8s.io/kube-apiserver")),
    );
    server.push("certSANs", texts(&sans));
    if !contract.from(12) {
        server.push("disablePodSecurityPolicy", Value::Bool(true));
    }
    let admission = map([
        ("name", Value::from(POD_SECURITY)),
        ("configuration", pod_security()),
    ]);
    server.push("admissionControl", Value::List(vec![admission]));
    server.push("auditPolicy", audit_policy());
    Value::Map(server)
}

/// The admission plugin that is configured.
pub(super) const POD_SECURITY: &str = "PodSecurity";

/// Pods must meet the baseline standard; what misses the restricted one is reported.
pub(super) fn pod_security() -> Value {
    let text = |t: &str| Value::from(t);
    let defaults = map([
        ("audit", text("restricted")),
        ("audit-version", text("latest")),
        ("enforce", text("baseline")),
        ("enforce-version", text("latest")),
        ("warn", text("restricted")),
        ("warn-version", text("latest")),
    ]);
    let nothing = || Value::List(Vec::new());
    let exemptions = map([
        ("namespaces", texts(&["kube-system"])),
        ("runtimeClasses", nothing()),
        ("usernames", nothing()),
    ]);
    map([
        (
            "apiVersion",
            text("pod-security.admission.config.k8s.io/v1alpha1"),
        ),
        ("defaults", defaults),
        ("exemptions", exemptions),
        ("kind", text("PodSecurityConfiguration")),
    ])
}

/// Metadata of every request.
pub(super) fn audit_policy() -> Value {
    map([
        ("apiVersion", Value::from("audit.k8s.io/v1")),
        ("kind", Value::from("Policy")),
        (
            "rules",
            Value::List(vec![map([("level", Value::from("Metadata"))])]),
        ),
    ])
}
