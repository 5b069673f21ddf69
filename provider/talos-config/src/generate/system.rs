//! Documents about the machine itself that contracts from 1.14 on have beside the main one.

use super::input::Input;
use super::machine::sysctls;
use super::{header, map};
use crate::yaml::{Map, Value};

const DISCOVERY_SERVICE: &str = "https://discovery.talos.dev/";
/// A week.
const TRIM_INTERVAL: &str = "168h0m0s";

/// In Talos's order.
pub(super) fn documents(input: &Input<'_>) -> Vec<(&'static str, Map)> {
    let mut bodies = Vec::new();
    let mut add = |kind: &'static str, entries: Vec<(&str, Value)>| {
        let mut body = header(kind);
        for (key, value) in entries {
            body.push(key, value);
        }
        bodies.push((kind, body));
    };
    let cluster = &input.secrets.cluster;
    if input.discovery {
        add(
            "DiscoveryServiceConfig",
            vec![
                ("name", "default".into()),
                ("endpoint", DISCOVERY_SERVICE.into()),
            ],
        );
    }
    add(
        "DiscoveryIdentityConfig",
        vec![
            ("clusterID", cluster.id.as_str().into()),
            ("clusterSecret", cluster.secret.expose().into()),
        ],
    );
    if !input.install_disk.is_empty() {
        add("UnattendedInstallConfig", install(input));
    }
    let host_dns = map([
        ("enabled", Value::Bool(true)),
        ("forwardKubeDNSToHost", Value::Bool(true)),
    ]);
    add("ResolverConfig", vec![("hostDNS", host_dns)]);
    if !input.sysctls.is_empty() {
        add("SysctlConfig", vec![("params", sysctls(input))]);
    }
    let secure = map([("secure", Value::Bool(true))]);
    add(
        "VolumeConfig",
        vec![("name", "EPHEMERAL".into()), ("mount", secure)],
    );
    add(
        "FilesystemTrimConfig",
        vec![("interval", TRIM_INTERVAL.into())],
    );
    add(
        "SecurityProfileConfig",
        vec![("workloadIsolation", Value::Bool(true))],
    );
    bodies
}

/// The installation, which finds its disk by an expression.
fn install<'a>(input: &Input<'_>) -> Vec<(&'a str, Value)> {
    let mut installer = Map::new();
    if !input.install_image.is_empty() {
        installer.push("image", Value::from(input.install_image.as_str()));
    }
    let disk = input
        .install_disk
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    let selector = map([("match", format!("disk.dev_path == \"{disk}\"").into())]);
    let provisioning = map([
        ("diskSelector", selector),
        ("wipe", Value::Bool(input.install_wipe)),
    ]);
    vec![
        ("installer", Value::Map(installer)),
        ("provisioning", provisioning),
    ]
}
