//! Documents other than the main one, by kind.

use super::report::Checks;
use super::view::View;
use super::{
    bgp, cel, containers, features, images, kubernetes, labels, links, registries, storage, text,
    volumes,
};
use crate::document::Document;
use crate::scalar::{Url, parse_addr, parse_duration};
use crate::yaml::Value;

pub(super) fn check(document: &Document, checks: &mut Checks) {
    let view = View::of_map(document.body());
    if document.kind().starts_with("Kube") {
        kubernetes::check(document.kind(), view, checks);
    }
    match document.kind() {
        "BondConfig" => links::bond(view, checks),
        "BridgeConfig" | "DummyLinkConfig" | "LinkConfig" => links::link(view, checks),
        "VLANConfig" => links::vlan(view, checks),
        "VRFConfig" => links::vrf(view, checks),
        "VethConfig" => links::veth(view, checks),
        "RoutingRuleConfig" => links::routing_rule(view, checks),
        "BlackholeRouteConfig" => links::blackhole(view, checks),
        "HTTPProbeConfig" => links::http_probe(view, checks),
        "TCPProbeConfig" => {
            links::probe(view, checks);
            checks.refuse(
                view.at("endpoint").text().is_empty(),
                "endpoint: is missing",
            );
        }
        "BGPInstanceConfig" => bgp::check(view, checks),
        "KubeSpanConfig" => kube_span(view, checks),
        "ResolverConfig" if checks.line.from(14) => resolver(view, checks),
        "WireguardConfig" => links::wireguard(view, checks),
        "DHCPv4Config" | "DHCPv6Config" => links::dhcp(view, checks),
        "HCloudVIPConfig" => links::vip(view, true, checks),
        "Layer2VIPConfig" => links::vip(view, false, checks),
        "EthernetConfig" => links::named(view, checks),
        "KernelModuleConfig" => links::named(view, checks),
        "LinkAliasConfig" => links::alias(view, checks),
        "HostnameConfig" => hostname(view, checks),
        "NetworkRuleConfig" => rule(view, checks),
        "StaticHostConfig" => static_host(view, checks),
        "TimeSyncConfig" => time_sync(view, checks),
        "UserVolumeConfig" => volumes::user(view, checks),
        "RawVolumeConfig" | "SwapVolumeConfig" => volumes::plain(view, checks),
        "ExistingVolumeConfig" => volumes::existing(view, checks),
        "ExternalVolumeConfig" => volumes::external(view, checks),
        "VolumeConfig" => volumes::system(view, checks),
        "FilesystemTrimConfig" => text::refuse_negative("interval", view.at("interval"), checks),
        "FilesystemScrubConfig" => volumes::scrub("interval", view.at("interval"), checks),
        "LVMLogicalVolumeConfig" => storage::logical_volume(view, checks),
        "LVMVolumeGroupConfig" => storage::volume_group(view, checks),
        "RAIDArrayConfig" => storage::raid(view, checks),
        "DiscoveryIdentityConfig" => identity(view, checks),
        "DiscoveryServiceConfig" => discovery(view, checks),
        "ContainerConfig" => containers::check(view, checks),
        "ImageVerificationConfig" => images::check(view, checks),
        "CRIBaseRuntimeSpecConfig" => {
            features::runtime_spec("overrides", view.at("overrides"), checks);
        }
        "CRICustomizationConfig" => customization(view, checks),
        "EnvironmentConfig" => environment(view, checks),
        "EtcFileConfig" => etc_file(view, checks),
        "SysctlConfig" | "SysfsConfig" => {
            let unnamed = view
                .at("params")
                .entries()
                .iter()
                .any(|(key, _)| key.is_empty());
            checks.refuse(unnamed, "params: a key is empty");
        }
        "UnattendedInstallConfig" => unattended_install(view, checks),
        "ZswapConfig" => {
            let percent = view.at("maxPoolPercent").int();
            checks.refuse(
                !(0..=100).contains(&percent),
                "maxPoolPercent: must be from 0 to 100",
            );
        }
        "RegistryAuthConfig" => registries::auth(view, checks),
        "RegistryMirrorConfig" => registries::mirror(view, checks),
        "RegistryTLSConfig" => registries::tls(view, checks),
        "EventSinkConfig" => {
            let fits = text::split_host_port(view.at("endpoint").text()).is_some();
            checks.refuse(!fits, "endpoint: must be host:port");
        }
        "KmsgLogConfig" => url(view, "url", &["tcp", "udp"], true, checks),
        "SideroLinkConfig" => url(view, "apiUrl", &["https", "grpc"], false, checks),
        "WatchdogTimerConfig" => watchdog(view, checks),
        "ExtensionServiceConfig" => extension_service(view, checks),
        "OOMConfig" => oom(view, checks),
        _ => {}
    }
}

fn hostname(view: View<'_>, checks: &mut Checks) {
    let (off, name) = (
        matches!(view.at("auto").text(), "" | "off"),
        view.at("hostname").text(),
    );
    // From 1.13 on it can be said that there is no hostname.
    let silent = if checks.line.from(13) {
        !view.at("auto").is_set()
    } else {
        off
    };
    checks.refuse(silent && name.is_empty(), "needs 'auto' or 'hostname'");
    checks.refuse(!off && !name.is_empty(), "'hostname' needs 'auto: off'");
    checks.refuse(
        !off && view.at("auto").text() != "stable",
        "auto: must be off or stable",
    );
    if !name.is_empty() {
        checks.refuse(name.len() > 253, "hostname: is longer than 253 characters");
        let first = name.split('.').next().unwrap_or_default().len();
        checks.refuse(
            !(1..=63).contains(&first),
            "hostname: the part before the first dot must have 1 to 63 characters",
        );
    }
}

/// Stops at the first error, as Talos does.
fn rule(view: View<'_>, checks: &mut Checks) {
    let ports = view.at("portSelector.ports");
    if view.at("name").text().is_empty() {
        checks.error("name: is missing");
    } else if ports.len() == 0 {
        checks.error("portSelector.ports: is missing");
    } else if let Some(what) = ports_fault(ports) {
        checks.error(format!("portSelector.ports: {what}"));
    } else if view
        .at("ingress")
        .items()
        .any(|rule| rule.at("subnet").text().is_empty())
    {
        checks.error("ingress: a rule needs a subnet");
    }
}

fn ports_fault(ports: View<'_>) -> Option<&'static str> {
    let mut ranges: Vec<(i128, i128)> = ports
        .items()
        .map(|port| match port.value() {
            Some(Value::Str(range)) => {
                let (low, high) = range.split_once('-').unwrap_or_default();
                (
                    low.parse().unwrap_or_default(),
                    high.parse().unwrap_or_default(),
                )
            }
            _ => (port.int(), port.int()),
        })
        .collect();
    ranges.sort_by_key(|(low, _)| *low);
    if ranges.iter().any(|(low, high)| low > high) {
        return Some("a range ends before it begins");
    }
    ranges
        .windows(2)
        .any(|pair| pair[1].0 <= pair[0].1)
        .then_some("ranges overlap")
}

fn static_host(view: View<'_>, checks: &mut Checks) {
    let name = view.at("name").text();
    checks.refuse(name.is_empty(), "name: is missing");
    checks.refuse(parse_addr(name).is_none(), "name: must be the address");
    checks.refuse(view.at("hostnames").len() == 0, "hostnames: is empty");
}

fn time_sync(view: View<'_>, checks: &mut Checks) {
    let negative = view.at("bootTimeout").text().starts_with('-');
    checks.refuse(negative, "bootTimeout: cannot be negative");
    checks.refuse(
        view.at("ntp").is_set() && view.at("ptp").is_set(),
        "ntp and ptp exclude each other",
    );
    if view.at("ntp.useNTS").flag() {
        for server in view.at("ntp.servers").texts() {
            checks.refuse(
                text::is_ip(server),
                format!("ntp.servers: {server} must be a name for NTS"),
            );
        }
    }
}

fn kube_span(view: View<'_>, checks: &mut Checks) {
    const LEAST_MTU: i128 = 1280;
    let mtu = view.at("mtu");
    checks.refuse(
        mtu.is_set() && mtu.int() < LEAST_MTU,
        format!("mtu: must be at least {LEAST_MTU}"),
    );
    for filter in view.at("filters.endpoints").texts() {
        checks.refuse(
            !text::is_filter(filter),
            format!("filters.endpoints: {filter} is not a subnet"),
        );
    }
}

fn resolver(view: View<'_>, checks: &mut Checks) {
    let host = view.at("hostDNS");
    for key in ["forwardKubeDNSToHost", "resolveMemberNames"] {
        checks.refuse(
            host.at(key).flag() && !host.at("enabled").flag(),
            format!("hostDNS.{key}: needs hostDNS.enabled"),
        );
    }
    let mut encrypted = 0;
    let servers = view.at("nameservers");
    for (index, server) in servers.items().enumerate() {
        let is_plain = matches!(server.at("protocol").text(), "" | "Do53");
        encrypted += usize::from(!is_plain);
        let named = !server.at("tlsServerName").text().is_empty();
        checks.refuse(
            is_plain == named,
            format!(
                "nameservers[{index}].tlsServerName: goes with DoT and DoH, and only with them"
            ),
        );
        checks.refuse(
            server.at("address").text().is_empty(),
            format!("nameservers[{index}].address: is missing"),
        );
    }
    if encrypted > 0 && encrypted == servers.len() {
        checks.warn(
            "nameservers: all are encrypted, which needs the right time: keep one that is not, or name time servers by address",
        );
    }
}

/// Stops at the first error, as Talos does.
fn identity(view: View<'_>, checks: &mut Checks) {
    let secret = view.at("clusterSecret").text();
    if view.at("clusterID").text().is_empty() {
        checks.error("clusterID: is missing");
    } else if secret.is_empty() {
        checks.error("clusterSecret: is missing");
    } else {
        checks.refuse(
            !text::is_wireguard_key(secret),
            "clusterSecret: is not base64 of 32 bytes",
        );
    }
}

fn discovery(view: View<'_>, checks: &mut Checks) {
    let text = view.at("endpoint").text();
    let url = Url::parse(text).unwrap_or_default();
    if view.at("name").text().is_empty() {
        checks.error("name: is missing");
    } else if text.is_empty() {
        checks.error("endpoint: is missing");
    } else if !matches!(url.scheme.as_str(), "http" | "https" | "grpc") {
        checks.error("endpoint: must begin with http://, https:// or grpc://");
    } else {
        checks.refuse(url.hostname().is_empty(), "endpoint: has no host");
    }
}

fn customization(view: View<'_>, checks: &mut Checks) {
    let name = view.at("name").text();
    if let Some(what) = labels::name_fault(name) {
        checks.error(format!("name: {what}"));
    }
    checks.refuse(
        name == "customization",
        "name: this one stands for machine.files",
    );
}

fn environment(view: View<'_>, checks: &mut Checks) {
    for (key, _) in view.at("variables").entries() {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits =
            key.chars().all(inner) && key.starts_with(|c: char| inner(c) && !c.is_ascii_digit());
        checks.refuse(
            !fits,
            format!("variables: '{key}' is no name of a variable"),
        );
    }
}

/// Files that Talos writes itself, and folders.
const MANAGED_FILES: [&str; 7] = [
    "resolv.conf",
    "hosts",
    "machine-id",
    "extensions.yaml",
    "localtime",
    "os-release",
    "xattr.conf",
];
const MANAGED_FOLDERS: [&str; 12] = [
    "apparmor.d",
    "apparmor",
    "ca-certificates",
    "cni",
    "cri",
    "iscsi",
    "kubernetes",
    "lvm",
    "nvme",
    "pki",
    "selinux",
    "ssl",
];

fn etc_file(view: View<'_>, checks: &mut Checks) {
    let name = view.at("name").text();
    let folder = name.split('/').next().unwrap_or_default();
    if !is_local(name) {
        checks.error("name: must be a path within /etc");
    } else {
        let managed = MANAGED_FILES.contains(&name) || MANAGED_FOLDERS.contains(&folder);
        checks.refuse(managed, "name: Talos keeps this file itself");
    }
}

/// A relative path that does not lead outside and does not begin with a dot.
fn is_local(path: &str) -> bool {
    if path.is_empty() || path.starts_with(['/', '.']) {
        return false;
    }
    let mut depth = 0_i32;
    path.split('/').all(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth >= 0
    })
}

fn unattended_install(view: View<'_>, checks: &mut Checks) {
    if view.at("installer.image").text().is_empty() {
        checks.warn("installer.image: without it, only images of the Image Factory install");
    }
    cel::check(
        "provisioning.diskSelector.match",
        view,
        cel::disk(checks.line),
        true,
        checks,
    );
}

fn url(view: View<'_>, key: &str, schemes: &[&str], port: bool, checks: &mut Checks) {
    if port && view.at("name").text().is_empty() {
        return checks.error("name: is missing");
    }
    let text = view.at(key).text();
    let Some(url) = Some(text)
        .filter(|t| !t.is_empty())
        .and_then(|t| Url::parse(t).ok())
    else {
        return checks.error(format!("{key}: is missing"));
    };
    if !schemes.contains(&url.scheme.as_str()) {
        checks.error(format!(
            "{key}: must begin with {}://",
            schemes.join(":// or ")
        ));
    } else if !matches!(url.path.as_slice(), b"" | b"/") {
        checks.error(format!("{key}: must not have a path"));
    } else if port && url.port().is_empty() {
        checks.error(format!("{key}: needs a port"));
    }
}

fn watchdog(view: View<'_>, checks: &mut Checks) {
    const LEAST: i64 = 10_000_000_000;
    if view.at("device").text().is_empty() {
        return checks.error("device: is missing");
    }
    let timeout = parse_duration(view.at("timeout").text()).unwrap_or_default();
    checks.refuse(
        timeout != 0 && timeout < LEAST,
        "timeout: must be at least 10s",
    );
}

fn extension_service(view: View<'_>, checks: &mut Checks) {
    let files = view.at("configFiles");
    let incomplete = |key: &str| files.items().any(|file| file.at(key).text().is_empty());
    if view.at("name").text().is_empty() {
        checks.error("name: is missing");
    } else if files.len() == 0 && view.at("environment").len() == 0 {
        checks.error("needs configFiles or environment");
    } else if incomplete("content") {
        checks.error("configFiles: a file has no content");
    } else if incomplete("mountPath") {
        checks.error("configFiles: a file has no mountPath");
    }
}

fn oom(view: View<'_>, checks: &mut Checks) {
    cel::check("triggerExpression", view, &cel::OOM_TRIGGER, false, checks);
    cel::check(
        "cgroupRankingExpression",
        view,
        &cel::OOM_RANKING,
        false,
        checks,
    );
    let negative = view.at("sampleInterval").text().starts_with('-');
    checks.refuse(negative, "sampleInterval: cannot be negative");
}
