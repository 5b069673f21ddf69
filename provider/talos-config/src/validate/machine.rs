//! The main document: `machine`, and `cluster` in its light.

use std::collections::HashSet;

use super::report::Checks;
use super::view::View;
use super::{Mode, cluster, device, encryption, features, labels, text};
use crate::scalar::Url;

/// What a machine is; `None` for a word that Talos does not know.
fn role(machine: View<'_>) -> Option<&'static str> {
    match machine.at("type").text() {
        "init" => Some("init"),
        "controlplane" => Some("controlplane"),
        "worker" | "join" | "" => Some("worker"),
        _ => None,
    }
}

pub(super) fn check(main: View<'_>, mode: Mode, checks: &mut Checks) {
    let (machine, cluster) = (main.at("machine"), main.at("cluster"));
    if !machine.is_set() {
        return checks.error("machine: is missing");
    }
    let role = role(machine);
    let is_control_plane = matches!(role, Some("init" | "controlplane"));
    cluster::check(cluster, is_control_plane, checks);
    deprecations(machine, checks);
    if mode == Mode::Metal {
        install(machine, checks);
    }
    if mode == Mode::Container && !checks.line.from(14) {
        features::host_dns_of_containers(machine, checks);
    }
    if checks.line.from(13) {
        features::host_dns(machine, checks);
    }
    authorities(machine, cluster, role, checks);
    let network = machine.at("network");
    if network.is_set() {
        device::check(network, checks);
        kube_span(main, checks);
    }
    disks(machine, checks);
    kubelet(machine, checks);
    encryption::system_disk(machine, checks);
    logging(machine, checks);
    extensions(machine, checks);
    labels::check(machine, checks);
    features::check(machine, is_control_plane, checks);
    let persist = main.at("persist");
    checks.refuse(persist.is_set() && !persist.flag(), "persist: must be true");
    features::runtime_spec(
        "machine.baseRuntimeSpecOverrides",
        machine.at("baseRuntimeSpecOverrides"),
        checks,
    );
    for part in ["config", "mirrors"] {
        for (host, value) in machine.at("registries").at(part).entries() {
            checks.refuse(
                !value.is_set(),
                format!("machine.registries.{part}[\"{host}\"]: is null"),
            );
        }
    }
}

/// Whether a machine runs the control plane.
pub(super) fn is_control_plane(machine: View<'_>) -> bool {
    matches!(role(machine), Some("init" | "controlplane"))
}

/// What Talos 1.14 has documents for.
fn deprecations(machine: View<'_>, checks: &mut Checks) {
    if !checks.line.from(14) {
        return;
    }
    if machine.at("files").len() > 0 {
        checks.warn("machine.files: is deprecated, use documents of their own");
    }
    if !machine.at("baseRuntimeSpecOverrides").entries().is_empty() {
        checks.warn(
            "machine.baseRuntimeSpecOverrides: is deprecated, use a CRIBaseRuntimeSpecConfig",
        );
    }
}

fn install(machine: View<'_>, checks: &mut Checks) {
    let install = machine.at("install");
    if !install.is_set() && checks.line.from(14) {
        return;
    }
    if !install.is_set() {
        return checks.error("machine.install: is missing, and metal machines are installed");
    }
    let selector = install.at("diskSelector");
    let fault = if !selector.at("name").text().is_empty() {
        Some("name: Talos no longer selects by it")
    } else if !matches!(
        selector.at("type").text(),
        "" | "nvme" | "sd" | "hdd" | "ssd"
    ) {
        Some("type: must be one of ssd, hdd, nvme, sd")
    } else {
        None
    };
    if let Some(what) = fault {
        checks.error(format!("machine.install.diskSelector.{what}"));
    }
    let selected = selector.is_set() && fault.is_none();
    let nowhere = install.at("disk").text().is_empty() && !selected;
    checks.refuse(nowhere, "machine.install: needs disk or diskSelector");
    let both = install.at("extraKernelArgs").len() > 0 && install.at("grubUseUKICmdline").flag();
    checks.refuse(
        both,
        "machine.install: extraKernelArgs and grubUseUKICmdline exclude each other: kernel arguments belong into the image's schematic",
    );
}

/// The certificate authorities that each role must and must not have.
fn authorities(machine: View<'_>, cluster: View<'_>, role: Option<&str>, checks: &mut Checks) {
    let (ca, accepted) = (machine.at("ca"), machine.at("acceptedCAs").len());
    let word = machine.at("type").text();
    if let Some(role) = role.filter(|role| *role != word) {
        checks.warn(format!("machine.type: use '{role}' instead of '{word}'"));
    }
    checks.refuse(
        !ca.is_set() && accepted == 0,
        "machine: needs ca or acceptedCAs",
    );
    match role {
        Some("worker") => {
            shared_addresses(machine, checks);
            let key = !ca.at("key").text().is_empty();
            checks.refuse(key, "machine.ca.key: only control planes may have it");
            let trusted = !ca.at("crt").text().is_empty() || accepted > 0;
            checks.refuse(
                ca.is_set() && !trusted,
                "machine.ca.crt: is missing, and there are no acceptedCAs",
            );
            let key = !cluster.at("ca.key").text().is_empty();
            checks.refuse(
                key,
                "cluster.ca.key: only control planes may have the key of the Kubernetes API",
            );
        }
        Some(_) => {
            if !checks.line.from(14) || cluster.at("network").is_set() {
                cluster::cni(cluster, checks);
            }
            if ca.is_set() {
                checks.refuse(
                    ca.at("key").text().is_empty(),
                    "machine.ca.key: control planes need it",
                );
            } else {
                checks.error("machine.ca: control planes need it");
            }
        }
        None => checks.error(format!(
            "machine.type: '{word}' is unknown: use controlplane or worker"
        )),
    }
}

fn shared_addresses(machine: View<'_>, checks: &mut Checks) {
    for (index, device) in machine.at("network.interfaces").items().enumerate() {
        // Those that are not ignored have been looked at before.
        let null = device.at("vlans").items().any(|vlan| !vlan.is_set());
        checks.refuse(
            null && device.at("ignore").flag(),
            format!("machine.network.interfaces[{index}].vlans: an item is null"),
        );
        let vlans = device
            .at("vlans")
            .items()
            .filter(|vlan| vlan.at("vip").is_set())
            .count();
        let count = vlans + usize::from(device.at("vip").is_set());
        for _ in 0..count {
            checks.error(format!(
                "machine.network.interfaces[{index}]: only control planes can share an address"
            ));
        }
    }
}

fn kube_span(main: View<'_>, checks: &mut Checks) {
    const PLACE: &str = "machine.network.kubespan";
    const LEAST_MTU: i128 = 1280;
    let span = main.at(PLACE);
    if !span.at("enabled").flag() {
        return;
    }
    let mtu = span.at("mtu").int();
    checks.refuse(
        mtu != 0 && mtu < LEAST_MTU,
        format!("{PLACE}.mtu: must be at least {LEAST_MTU}"),
    );
    if !checks.line.from(14) {
        identity(PLACE, main.at("cluster"), checks);
    }
    for filter in span.at("filters.endpoints").texts() {
        checks.refuse(
            !text::is_filter(filter),
            format!("{PLACE}.filters.endpoints: {filter} is not a subnet"),
        );
    }
    for subnet in span.at("filters.excludeAdvertisedNetworks").texts() {
        let place = format!("{PLACE}.filters.excludeAdvertisedNetworks");
        checks.refuse(
            !text::is_cidr(subnet),
            format!("{place}: {subnet} is not a subnet"),
        );
    }
}

/// Without discovery, machines do not find each other.
fn identity(place: &str, cluster: View<'_>, checks: &mut Checks) {
    checks.refuse(
        !cluster.at("discovery.enabled").flag(),
        format!("{place}: needs cluster.discovery"),
    );
    for key in ["id", "secret"] {
        checks.refuse(
            cluster.at(key).text().is_empty(),
            format!("{place}: needs cluster.{key}"),
        );
    }
}

fn disks(machine: View<'_>, checks: &mut Checks) {
    for (index, disk) in machine.at("disks").items().enumerate() {
        checks.refuse(!disk.is_set(), format!("machine.disks[{index}]: is null"));
        let partitions = disk.at("partitions").items();
        let last = partitions.len().saturating_sub(1);
        for (number, partition) in partitions.enumerate() {
            checks.refuse(
                !partition.is_set() && number == last,
                format!("machine.disks[{index}].partitions[{number}]: is null"),
            );
            let wrong = !partition.at("size").is_set() && number != last;
            checks.refuse(
                wrong,
                format!(
                    "machine.disks[{index}].partitions[{number}]: only the last can fill the disk"
                ),
            );
        }
    }
}

fn kubelet(machine: View<'_>, checks: &mut Checks) {
    for subnet in machine.at("kubelet.nodeIP.validSubnets").texts() {
        checks.refuse(
            !text::is_filter(subnet),
            format!("machine.kubelet.nodeIP.validSubnets: {subnet} is not a subnet"),
        );
    }
    kubelet_settings(
        "machine.kubelet.extraConfig",
        machine.at("kubelet.extraConfig"),
        checks,
    );
}

/// Settings that Talos makes itself.
pub(super) fn kubelet_settings(place: &str, settings: View<'_>, checks: &mut Checks) {
    const FIXED: [&str; 13] = [
        "apiVersion",
        "authentication",
        "authorization",
        "cgroupRoot",
        "kind",
        "kubeletCgroups",
        "port",
        "protectKernelDefaults",
        "resolvConf",
        "rotateCertificates",
        "systemCgroups",
        "staticPodPath",
        "seccompDefault",
    ];
    for (key, _) in settings.entries() {
        checks.refuse(
            FIXED.contains(&key),
            format!("{place}.{key}: Talos sets it itself"),
        );
    }
}

fn logging(machine: View<'_>, checks: &mut Checks) {
    for (index, destination) in machine.at("logging.destinations").items().enumerate() {
        let place = format!("machine.logging.destinations[{index}]");
        let endpoint = destination.at("endpoint");
        if endpoint.is_set() {
            let url = Url::parse(endpoint.text()).unwrap_or_default();
            checks.refuse(
                url.host.is_empty(),
                format!("{place}.endpoint: has no host"),
            );
            checks.refuse(
                !matches!(url.scheme.as_str(), "tcp" | "udp"),
                format!("{place}.endpoint: must begin with tcp:// or udp://"),
            );
        } else {
            checks.error(format!("{place}.endpoint: is missing"));
        }
        checks.refuse(
            destination.at("format").text() != "json_lines",
            format!("{place}.format: must be json_lines"),
        );
    }
}

fn extensions(machine: View<'_>, checks: &mut Checks) {
    let mut images = HashSet::new();
    for extension in machine.at("install.extensions").items() {
        let twice = !images.insert(extension.at("image").text());
        checks.refuse(twice, "machine.install.extensions: an image is there twice");
    }
    if !images.is_empty() {
        checks.warn("machine.install.extensions: is deprecated: extensions belong into the image's schematic");
    }
}
