use super::input::{Disk, Input, Partition, Role};
use super::{map, registries, texts};
use crate::contract::Contract;
use crate::scalar::format_disk_size;
use crate::tables::Line;
use crate::yaml::{Map, Value};

pub(super) const KUBELET: &str = "ghcr.io/siderolabs/kubelet";
pub(super) const NO_EXTERNAL_LOAD_BALANCER: &str =
    "node.kubernetes.io/exclude-from-external-load-balancers";

/// The `machine` part of the main document.
pub(super) fn machine(input: &Input<'_>, contract: Contract, line: Line) -> Map {
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
    if !input.disks.is_empty() {
        machine.push("disks", disks(&input.disks));
    }
    machine.push("features", features(input, contract));
    if contract.from(14) {
        return machine;
    }
    machine.push("kubelet", kubelet(input));
    if let Some(network) = network(input, contract, line) {
        machine.push("network", network);
    }
    machine.push("install", install(input, contract));
    machine.push("sysctls", sysctls(input));
    if !contract.from(12) {
        machine.push("registries", registries::inline(input));
    }
    if input.role == Role::ControlPlane {
        machine.push(
            "nodeLabels",
            map([(NO_EXTERNAL_LOAD_BALANCER, Value::from(""))]),
        );
    }
    machine
}

/// The kernel parameters.
pub(super) fn sysctls(input: &Input<'_>) -> Value {
    let sysctls = input
        .sysctls
        .iter()
        .map(|(k, v)| (k.clone(), Value::from(v.as_str())));
    Value::Map(sysctls.collect())
}

/// KubeSpan where it has no document of its own. Contracts up to 1.12 have this part in any case.
fn network(input: &Input<'_>, contract: Contract, line: Line) -> Option<Value> {
    if contract.from(13) {
        return None;
    }
    let mut network = Map::new();
    // Until Talos 1.12 its tools could only turn it on.
    if let Some(enabled) = input.kube_span.filter(|on| *on || line.from(13)) {
        network.push("kubespan", map([("enabled", Value::Bool(enabled))]));
    }
    Some(Value::Map(network))
}

fn disks(disks: &[Disk]) -> Value {
    let partition = |part: &Partition| {
        let size = match format_disk_size(part.size) {
            Ok(text) => Value::Str(text),
            Err(bytes) => Value::Int(bytes.into()),
        };
        map([
            ("size", size),
            ("mountpoint", Value::from(part.mountpoint.as_str())),
        ])
    };
    let disk = |disk: &Disk| {
        map([
            ("device", Value::from(disk.device.as_str())),
            (
                "partitions",
                Value::List(disk.partitions.iter().map(partition).collect()),
            ),
        ])
    };
    Value::List(disks.iter().map(disk).collect())
}

fn kubelet(input: &Input<'_>) -> Value {
    map([
        ("image", Value::from(input.image(KUBELET))),
        ("defaultRuntimeSeccompProfileEnabled", Value::Bool(true)),
        ("disableManifestsDirectory", Value::Bool(true)),
    ])
}

fn install(input: &Input<'_>, contract: Contract) -> Value {
    let mut install = Map::new();
    install.push("disk", Value::from(input.install_disk.as_str()));
    install.push("extraKernelArgs", texts(&input.install_extra_kernel_args));
    install.push("image", Value::from(input.install_image.as_str()));
    install.push("wipe", Value::Bool(input.install_wipe));
    if contract.from(12) {
        install.push("grubUseUKICmdline", Value::Bool(true));
    }
    Value::Map(install)
}

fn features(input: &Input<'_>, contract: Contract) -> Value {
    let mut features = Map::new();
    if !contract.from(12) {
        for name in ["rbac", "stableHostname", "apidCheckExtKeyUsage"] {
            features.push(name, Value::Bool(true));
        }
    }
    features.push("diskQuotaSupport", Value::Bool(true));
    if contract.from(14) {
        return Value::Map(features);
    }
    if let Some(port) = input.kube_prism() {
        features.push(
            "kubePrism",
            map([
                ("enabled", Value::Bool(true)),
                ("port", Value::Int(port.into())),
            ]),
        );
    }
    features.push(
        "hostDNS",
        map([
            ("enabled", Value::Bool(true)),
            ("forwardKubeDNSToHost", Value::Bool(true)),
        ]),
    );
    Value::Map(features)
}
