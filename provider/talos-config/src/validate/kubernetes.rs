//! Documents about Kubernetes, which Talos 1.14 has in place of parts of the main document.

use super::report::Checks;
use super::view::View;
use super::{features, labels, machine, pem, subnets, text};
use crate::pki::{Certificate, PrivateKey};
use crate::scalar::Url;

pub(super) fn check(kind: &str, view: View<'_>, checks: &mut Checks) {
    match kind {
        "KubeAdmissionControlConfig" => required(view, "name", checks),
        "KubeAggregatorCAConfig" => {
            checks.refuse(!view.at("issuingCA").is_set(), "issuingCA: is missing");
            authorities(view, checks);
        }
        "KubeAPIServerCAConfig" => authorities(view, checks),
        "KubeAPIServerConfig" => {
            required(view, "image", checks);
            api_server_arguments(view, checks);
            resources(view, checks);
        }
        "KubeAuthorizerConfig" => authorizer(view, checks),
        "KubeClusterConfig" => cluster(view, checks),
        "KubeControllerManagerConfig" | "KubeSchedulerConfig" if runs(view) => {
            required(view, "image", checks);
            resources(view, checks);
        }
        "KubeEtcdEncryptionConfig" => {
            let empty = view.at("config").entries().is_empty();
            checks.refuse(empty, "config: is empty");
        }
        "KubeExternalManifestConfig" => {
            subdomain(view, checks);
            manifest_url(view, checks);
        }
        "KubeInlineManifestConfig" => subdomain(view, checks),
        "KubeFlannelCNIConfig" => {
            required(view, "backendType", checks);
            resources(view, checks);
        }
        "KubeletConfig" => {
            required(view, "image", checks);
            machine::kubelet_settings("config", view.at("config"), checks);
        }
        "KubePrismConfig" => {
            let fits = (1..=65535).contains(&view.at("port").int());
            checks.refuse(!fits, "port: must be from 1 to 65535");
        }
        "KubeNetworkConfig" => subnets::check(view, checks),
        "KubeNodeConfig" => node(view, checks),
        "KubeProxyConfig" => proxy(view, checks),
        "KubeServiceAccountConfig" => service_account(view, checks),
        "KubeStaticPodConfig" => {
            subdomain(view, checks);
            checks.refuse(view.at("pod").entries().is_empty(), "pod: is empty");
        }
        "KubeTalosAPIAccessConfig" => api_access(view, checks),
        _ => {}
    }
}

fn required(view: View<'_>, key: &str, checks: &mut Checks) {
    checks.refuse(view.at(key).text().is_empty(), format!("{key}: is missing"));
}

/// Components that are turned off are not looked at.
fn runs(view: View<'_>) -> bool {
    !view.at("enabled").is_set() || view.at("enabled").flag()
}

/// `issuingCA` if it is there, and `acceptedCAs`.
fn authorities(view: View<'_>, checks: &mut Checks) {
    let issuing = view.at("issuingCA");
    if issuing.is_set()
        && let Some(what) = pair_fault(issuing, true)
    {
        checks.error(format!("issuingCA.{what}"));
    }
    for (index, text) in view.at("acceptedCAs").texts().enumerate() {
        checks.refuse(
            !pem::has_only(text, Some("CERTIFICATE")),
            format!("acceptedCAs[{index}]: has no certificate in PEM form"),
        );
    }
}

/// What is wrong with `cert` and `key`; `load` also reads what is in them.
pub(super) fn pair_fault(pair: View<'_>, load: bool) -> Option<&'static str> {
    let (cert, key) = (pair.at("cert").text(), pair.at("key").text());
    if cert.is_empty() {
        return Some("cert: is missing");
    }
    if key.is_empty() {
        return Some("key: is missing");
    }
    if !pem::has_only(cert, Some("CERTIFICATE")) {
        return Some("cert: has no certificate in PEM form");
    }
    if !pem::has_only(key, None) {
        return Some("key: has no private key in PEM form");
    }
    if load && Certificate::from_pem(cert).is_err() {
        return Some("cert: is no certificate");
    }
    if load && !is_key(key) {
        return Some("key: is no private key");
    }
    None
}

fn is_key(text: &str) -> bool {
    PrivateKey::from_pem(text).is_ok()
}

/// What documents of their own say.
fn api_server_arguments(view: View<'_>, checks: &mut Checks) {
    const DENIED: [&str; 6] = [
        "anonymous-auth",
        "oidc-",
        "authentication-config",
        "authorization-config",
        "authorization-mode",
        "authorization-webhook-",
    ];
    for (name, _) in view.at("extraArgs").entries() {
        let document = if name.starts_with("authorization") {
            "KubeAuthorizerConfig"
        } else {
            "KubeAuthenticationConfig"
        };
        checks.refuse(
            DENIED.iter().any(|prefix| name.starts_with(prefix)),
            format!("extraArgs.{name}: use a {document} document"),
        );
    }
}

fn resources(view: View<'_>, checks: &mut Checks) {
    let wrong = ["requests", "limits"].into_iter().find_map(|part| {
        let entries = view.at("resources").at(part).entries();
        let (key, _) = entries
            .iter()
            .find(|(key, _)| !matches!(*key, "cpu" | "memory"))?;
        Some(format!(
            "resources.{part}.{key}: only cpu and memory are possible"
        ))
    });
    if let Some(what) = wrong {
        checks.error(what);
    }
}

fn authorizer(view: View<'_>, checks: &mut Checks) {
    required(view, "name", checks);
    required(view, "type", checks);
    let kind = view.at("type").text();
    checks.refuse(
        !matches!(kind, "Node" | "RBAC" | "Webhook"),
        "type: must be one of Node, RBAC, Webhook",
    );
    let configured = !view.at("webhook").entries().is_empty();
    checks.refuse(
        kind == "Webhook" && !configured,
        "webhook: a Webhook authorizer needs it",
    );
    if kind != "Webhook" && configured {
        checks.warn("webhook: only Webhook authorizers use it");
    }
}

fn cluster(view: View<'_>, checks: &mut Checks) {
    required(view, "clusterName", checks);
    let endpoint = view.at("endpoint").text();
    if endpoint.is_empty() {
        checks.error("endpoint: is missing");
    } else if let Some(what) = text::endpoint_fault(endpoint) {
        checks.error(format!("endpoint: {what}"));
    }
}

/// The name, as part of names in DNS.
fn subdomain(view: View<'_>, checks: &mut Checks) {
    let name = view.at("name").text();
    if name.is_empty() {
        checks.error("name: is missing");
    } else {
        checks.refuse(!labels::is_subdomain(name), "name: is no DNS name");
    }
}

fn manifest_url(view: View<'_>, checks: &mut Checks) {
    let text = view.at("url").text();
    let scheme = Url::parse(text).map(|url| url.scheme).unwrap_or_default();
    if text.is_empty() {
        checks.error("url: is missing");
    } else {
        checks.refuse(
            !matches!(scheme.as_str(), "http" | "https"),
            "url: must begin with http:// or https://",
        );
    }
}

fn node(view: View<'_>, checks: &mut Checks) {
    for subnet in view.at("nodeIP.validSubnets").texts() {
        checks.refuse(
            !text::is_filter(subnet),
            format!("nodeIP.validSubnets: {subnet} is not a subnet"),
        );
    }
    labels::labels("labels", view.at("labels"), checks);
    labels::annotations("annotations", view.at("annotations"), checks);
    labels::taints("taints", view.at("taints"), checks);
}

fn proxy(view: View<'_>, checks: &mut Checks) {
    if !runs(view) {
        return;
    }
    required(view, "image", checks);
    match view.at("mode").text() {
        "" | "nftables" => {}
        mode @ ("iptables" | "ipvs") => {
            checks.warn(format!("mode: nftables is better than {mode}"))
        }
        _ => checks.error("mode: must be one of nftables, iptables, ipvs"),
    }
    if !view.at("extraArgs").entries().is_empty() {
        checks.warn("extraArgs: may not work as expected, use config");
    }
    resources(view, checks);
}

fn service_account(view: View<'_>, checks: &mut Checks) {
    let key = view.at("issuer.privateKey").text();
    if key.is_empty() {
        checks.error("issuer.privateKey: is missing");
    } else {
        checks.refuse(!is_key(key), "issuer.privateKey: is no private key");
    }
    required(view, "issuer.issuerURL", checks);
}

fn api_access(view: View<'_>, checks: &mut Checks) {
    let roles = view.at("allowedRoles");
    if roles.len() == 0 {
        checks.warn("allowedRoles: is empty, so nobody has access");
    }
    for role in roles.texts() {
        checks.refuse(
            !features::is_role(role, checks.line),
            format!("allowedRoles: '{role}' is not a role"),
        );
    }
}
