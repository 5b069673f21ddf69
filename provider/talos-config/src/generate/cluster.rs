use super::input::{Input, Role};
use super::{map, texts};
use crate::scalar::Url;
use crate::secrets::CertAndKey;
use crate::yaml::{Map, Value};

const POD_SUBNET: &str = "10.244.0.0/16";
const SERVICE_SUBNET: &str = "10.96.0.0/12";

/// The `cluster` part of the main document.
pub(super) fn cluster(input: &Input<'_>, url: &Url) -> Map {
    let secrets = input.secrets;
    let mut cluster = Map::new();
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
        Role::ControlPlane => control_plane(input, url, &mut cluster),
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
fn control_plane(input: &Input<'_>, url: &Url, cluster: &mut Map) {
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
    cluster.push("apiServer", api_server(input, url));
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

fn network(input: &Input<'_>) -> Value {
    map([
        ("dnsDomain", Value::from(input.dns_domain.as_str())),
        ("podSubnets", texts(&[POD_SUBNET])),
        ("serviceSubnets", texts(&[SERVICE_SUBNET])),
    ])
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

fn api_server(input: &Input<'_>, url: &Url) -> Value {
    let mut sans = Vec::new();
    if !input.contract.from(12) {
        sans.push(url.hostname());
    }
    sans.extend(input.cert_sans.iter().cloned());
    let mut server = Map::new();
    server.push(
        "image",
        Value::from(input.image("registry.k8s.io/kube-apiserver")),
    );
    server.push("certSANs", texts(&sans));
    if !input.contract.from(12) {
        server.push("disablePodSecurityPolicy", Value::Bool(true));
    }
    server.push("admissionControl", Value::List(vec![pod_security()]));
    server.push("auditPolicy", audit_policy());
    Value::Map(server)
}

/// Pods must meet the baseline standard; what misses the restricted one is reported.
fn pod_security() -> Value {
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
    let configuration = map([
        (
            "apiVersion",
            text("pod-security.admission.config.k8s.io/v1alpha1"),
        ),
        ("defaults", defaults),
        ("exemptions", exemptions),
        ("kind", text("PodSecurityConfiguration")),
    ]);
    map([
        ("name", text("PodSecurity")),
        ("configuration", configuration),
    ])
}

/// Metadata of every request.
fn audit_policy() -> Value {
    map([
        ("apiVersion", Value::from("audit.k8s.io/v1")),
        ("kind", Value::from("Policy")),
        (
            "rules",
            Value::List(vec![map([("level", Value::from("Metadata"))])]),
        ),
    ])
}
