use super::input::{Input, Role};
use super::{map, registries, texts};
use crate::yaml::{Map, Value};

const KUBELET: &str = "ghcr.io/siderolabs/kubelet";
/// Where Talos serves the Kubernetes API to the machine itself.
const KUBE_PRISM_PORT: i128 = 7445;
const NO_EXTERNAL_LOAD_BALANCER: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// The `machine` part of the main document.
pub(super) fn machine(input: &Input<'_>) -> Map {
    let os = &input.secrets.certs.os;
    let key = match input.role {
        Role::ControlPlane => os.key.expose(),
        Role::Worker => "",
    };
    let mut machine = Map::new();
    machine.push("type", Value::from(input.role.to_string()));
    machine.push(
        "token",
        Value::from(input.secrets.trustdinfo.token.expose()),
    );
    machine.push(
        "ca",
        map([
            ("crt", Value::from(os.cert.as_str())),
            ("key", Value::from(key)),
        ]),
    );
    machine.push("certSANs", texts(&input.cert_sans));
    machine.push("kubelet", kubelet(input));
    machine.push("network", Value::map());
    machine.push("install", install(input));
    let sysctls = input
        .sysctls
        .iter()
        .map(|(k, v)| (k.clone(), Value::from(v.as_str())));
    machine.push("sysctls", Value::Map(sysctls.collect()));
    if !input.contract.from(12) {
        machine.push("registries", registries::inline(&input.registry_mirrors));
    }
    machine.push("features", features(input));
    if input.role == Role::ControlPlane {
        machine.push(
            "nodeLabels",
            map([(NO_EXTERNAL_LOAD_BALANCER, Value::from(""))]),
        );
    }
    machine
}

fn kubelet(input: &Input<'_>) -> Value {
    map([
        ("image", Value::from(input.image(KUBELET))),
        ("defaultRuntimeSeccompProfileEnabled", Value::Bool(true)),
        ("disableManifestsDirectory", Value::Bool(true)),
    ])
}

fn install(input: &Input<'_>) -> Value {
    let mut install = Map::new();
    install.push("disk", Value::from(input.install_disk.as_str()));
    install.push("extraKernelArgs", texts(&input.install_extra_kernel_args));
    install.push("image", Value::from(input.install_image.as_str()));
    install.push("wipe", Value::Bool(input.install_wipe));
    if input.contract.from(12) {
        install.push("grubUseUKICmdline", Value::Bool(true));
    }
    Value::Map(install)
}

fn features(input: &Input<'_>) -> Value {
    let mut features = Map::new();
    if !input.contract.from(12) {
        for name in ["rbac", "stableHostname", "apidCheckExtKeyUsage"] {
            features.push(name, Value::Bool(true));
        }
    }
    features.push("diskQuotaSupport", Value::Bool(true));
    features.push(
        "kubePrism",
        map([
            ("enabled", Value::Bool(true)),
            ("port", Value::Int(KUBE_PRISM_PORT)),
        ]),
    );
    features.push(
        "hostDNS",
        map([
            ("enabled", Value::Bool(true)),
            ("forwardKubeDNSToHost", Value::Bool(true)),
        ]),
    );
    Value::Map(features)
}
