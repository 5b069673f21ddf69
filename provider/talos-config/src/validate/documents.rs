//! Documents other than the main one, by kind.

use super::report::Checks;
use super::view::View;
use super::{cel, links, registries, text, volumes};
use crate::document::Document;
use crate::scalar::{Url, parse_addr, parse_duration};
use crate::yaml::Value;

pub(super) fn check(document: &Document, checks: &mut Checks) {
    let view = View::of_map(document.body());
    match document.kind() {
        "BondConfig" => links::bond(view, checks),
        "BridgeConfig" | "DummyLinkConfig" | "LinkConfig" => links::link(view, checks),
        "VLANConfig" => links::vlan(view, checks),
        "WireguardConfig" => links::wireguard(view, checks),
        "DHCPv4Config" | "DHCPv6Config" => links::dhcp(view, checks),
        "HCloudVIPConfig" => links::vip(view, true, checks),
        "Layer2VIPConfig" => links::vip(view, false, checks),
        "EthernetConfig" => links::named(view, checks),
        "LinkAliasConfig" => {
            links::named(view, checks);
            cel::check("selector.match", view, &cel::LINK, true, checks);
        }
        "HostnameConfig" => hostname(view, checks),
        "NetworkRuleConfig" => rule(view, checks),
        "StaticHostConfig" => static_host(view, checks),
        "TimeSyncConfig" => time_sync(view, checks),
        "UserVolumeConfig" => volumes::user(view, checks),
        "RawVolumeConfig" | "SwapVolumeConfig" => volumes::plain(view, checks),
        "ExistingVolumeConfig" => volumes::existing(view, checks),
        "VolumeConfig" => volumes::system(view, checks),
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
    checks.refuse(off && name.is_empty(), "needs 'auto' or 'hostname'");
    checks.refuse(!off && !name.is_empty(), "'hostname' needs 'auto: off'");
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
