//! `cluster` of the main document.

use std::collections::HashSet;

use super::report::Checks;
use super::text;
use super::view::View;
use crate::scalar::Url;

pub(super) fn check(cluster: View<'_>, is_control_plane: bool, checks: &mut Checks) {
    if !cluster.is_set() {
        return checks.error("cluster: is missing");
    }
    let endpoint = cluster.at("controlPlane.endpoint");
    // Talos 1.14 has a document for it.
    let elsewhere = checks.line.from(14) && !cluster.at("controlPlane").is_set();
    if !endpoint.is_set() && !elsewhere {
        return checks.error("cluster.controlPlane.endpoint: is missing");
    }
    if endpoint.is_set()
        && let Some(what) = text::endpoint_fault(endpoint.text())
    {
        checks.error(format!("cluster.controlPlane.endpoint: {what}"));
    }
    let unbound = elsewhere && cluster.at("serviceAccount").is_set();
    checks.refuse(
        unbound,
        "cluster.serviceAccount: needs cluster.controlPlane.endpoint, or a KubeServiceAccountConfig in its place",
    );
    let domain = cluster.at("network.dnsDomain").text();
    checks.refuse(
        !domain.is_empty() && !text::is_dns_name(domain),
        "cluster.network.dnsDomain: is no DNS name",
    );
    cloud_provider(cluster, checks);
    let etcd = cluster.at("etcd");
    if etcd.is_set() && is_control_plane {
        self::etcd(etcd, checks);
    }
    checks.refuse(
        etcd.is_set() && !is_control_plane,
        "cluster.etcd: only control planes may have it",
    );
    let key = !is_control_plane && !cluster.at("ca.key").text().is_empty();
    checks.refuse(key, "cluster.ca.key: only control planes may have it");
    inline_manifests(cluster, checks);
    discovery(cluster, checks);
    components(cluster, checks);
}

fn cloud_provider(cluster: View<'_>, checks: &mut Checks) {
    const PLACE: &str = "cluster.externalCloudProvider";
    let provider = cluster.at("externalCloudProvider");
    let manifests = provider.at("manifests");
    if !provider.at("enabled").flag() && manifests.len() > 0 {
        return checks.error(format!("{PLACE}: has manifests but is not enabled"));
    }
    // An address may hold a password: its number tells which one is meant.
    for (number, url) in manifests.texts().enumerate() {
        if let Some(what) = text::endpoint_fault(url) {
            checks.error(format!("{PLACE}.manifests[{number}]: {what}"));
        }
    }
}

fn etcd(etcd: View<'_>, checks: &mut Checks) {
    checks.refuse(!etcd.at("ca").is_set(), "cluster.etcd.ca: is missing");
    let (subnet, advertised) = (etcd.at("subnet").text(), etcd.at("advertisedSubnets"));
    let both = !subnet.is_empty() && advertised.len() > 0;
    checks.refuse(
        both,
        "cluster.etcd: takes either subnet or advertisedSubnets",
    );
    let mut wrong = |key: &str, text: &str| {
        checks.refuse(
            !text::is_filter(text),
            format!("cluster.etcd.{key}: {text} is not a subnet"),
        );
    };
    if advertised.len() == 0 && !subnet.is_empty() {
        wrong("subnet", subnet);
    }
    advertised
        .texts()
        .for_each(|text| wrong("advertisedSubnets", text));
    // Without subnets of its own, etcd listens where it advertises.
    match etcd.at("listenSubnets") {
        listen if listen.len() > 0 => listen.texts().for_each(|text| wrong("listenSubnets", text)),
        _ => advertised
            .texts()
            .for_each(|text| wrong("advertisedSubnets", text)),
    }
}

fn inline_manifests(cluster: View<'_>, checks: &mut Checks) {
    let mut names = HashSet::new();
    for (index, manifest) in cluster.at("inlineManifests").items().enumerate() {
        let name = manifest.at("name").text();
        let place = format!("cluster.inlineManifests[{index}]");
        checks.refuse(name.trim().is_empty(), format!("{place}: has no name"));
        checks.refuse(
            !names.insert(name),
            format!("{place}: the name '{name}' is there twice"),
        );
    }
}

fn discovery(cluster: View<'_>, checks: &mut Checks) {
    let discovery = cluster.at("discovery");
    let service = discovery.at("registries.service");
    if !discovery.at("enabled").flag() || service.at("disabled").flag() {
        return;
    }
    let place = "cluster.discovery.registries.service.endpoint";
    let endpoint = service.at("endpoint").text();
    if !endpoint.is_empty() {
        match Url::parse(endpoint) {
            Ok(url) if url.scheme.is_empty() && !endpoint.starts_with('/') => {
                checks.error(format!("{place}: is not a URL"))
            }
            Ok(url) => checks.refuse(
                !matches!(url.path.as_slice(), b"" | b"/"),
                format!("{place}: must not have a path"),
            ),
            Err(why) => checks.error(format!("{place}: is not a URL: it has {why}")),
        }
    }
    checks.refuse(
        cluster.at("id").text().is_empty(),
        "cluster.id: discovery needs it",
    );
    checks.refuse(
        cluster.at("secret").text().is_empty(),
        "cluster.secret: discovery needs it",
    );
}

fn components(cluster: View<'_>, checks: &mut Checks) {
    if let Some(what) =
        authorization(cluster.at("apiServer")).or_else(|| resources(cluster.at("apiServer")))
    {
        checks.error(format!("cluster.apiServer{what}"));
    }
    for name in ["controllerManager", "scheduler"] {
        if let Some(what) = resources(cluster.at(name)) {
            checks.error(format!("cluster.{name}{what}"));
        }
    }
}

fn authorization(server: View<'_>) -> Option<String> {
    const TYPES: [&str; 3] = ["Node", "RBAC", "Webhook"];
    let authorizers = server.at("authorizationConfig");
    let is_flag =
        |key: &str| key == "authorization-mode" || key.starts_with("authorization-webhook-");
    if authorizers.len() > 0
        && let Some((key, _)) = server
            .at("extraArgs")
            .entries()
            .iter()
            .find(|(key, _)| is_flag(key))
    {
        return Some(format!(
            ".extraArgs.{key}: not possible beside authorizationConfig"
        ));
    }
    authorizers.items().enumerate().find_map(|(index, item)| {
        let (kind, name) = (item.at("type").text(), item.at("name").text());
        let what = if kind.is_empty() {
            "has no type".to_owned()
        } else if name.is_empty() {
            "has no name".to_owned()
        } else if !TYPES.contains(&kind) {
            format!("the type must be one of {}", TYPES.join(", "))
        } else {
            return None;
        };
        Some(format!(".authorizationConfig[{index}]: {what}"))
    })
}

fn resources(component: View<'_>) -> Option<String> {
    ["requests", "limits"].into_iter().find_map(|part| {
        let entries = component.at("resources").at(part).entries();
        let (key, _) = entries
            .iter()
            .find(|(key, _)| !matches!(*key, "cpu" | "memory"))?;
        Some(format!(
            ".resources.{part}.{key}: only cpu and memory are possible"
        ))
    })
}

/// Which network plugin, and what goes with it.
pub(super) fn cni(cluster: View<'_>, checks: &mut Checks) {
    const PLACE: &str = "cluster.network.cni";
    let cni = cluster.at("network.cni");
    let name = if cni.is_set() {
        cni.at("name").text()
    } else {
        "flannel"
    };
    let policies = checks.line.from(13) && cni.at("flannel.kubeNetworkPoliciesEnabled").flag();
    let (urls, arguments) = (cni.at("urls"), cni.at("flannel.extraArgs").len() > 0);
    match name {
        "flannel" => checks.refuse(
            urls.len() > 0,
            format!("{PLACE}.urls: must be empty for flannel"),
        ),
        "none" => {
            checks.refuse(
                urls.len() > 0,
                format!("{PLACE}.urls: must be empty for none"),
            );
            checks.refuse(
                arguments,
                format!("{PLACE}.flannel.extraArgs: must be empty for none"),
            );
            checks.refuse(
                policies,
                format!("{PLACE}.flannel.kubeNetworkPoliciesEnabled: not possible for none"),
            );
        }
        "custom" => {
            if urls.len() == 0 {
                checks.warn(format!(
                    "{PLACE}.urls: is empty, and a custom CNI is installed from there"
                ));
            }
            checks.refuse(
                arguments,
                format!("{PLACE}.flannel.extraArgs: must be empty for custom"),
            );
            checks.refuse(
                policies,
                format!("{PLACE}.flannel.kubeNetworkPoliciesEnabled: not possible for custom"),
            );
            for (number, url) in urls.texts().enumerate() {
                if let Some(what) = text::endpoint_fault(url) {
                    checks.error(format!("{PLACE}.urls[{number}]: {what}"));
                }
            }
        }
        _ => checks.error(format!(
            "{PLACE}.name: must be one of flannel, custom, none"
        )),
    }
}
