//! `machine.features`, and the overrides of the container runtime.

use super::report::Checks;
use super::view::View;
use crate::tables::Line;

/// Whether a line of Talos knows a role.
pub(super) fn is_role(role: &str, line: Line) -> bool {
    ROLES.contains(&role) || line.from(13) && NEW_ROLES.contains(&role)
}

/// Roles that came with Talos 1.13.
const NEW_ROLES: [&str; 2] = ["os:image:verifier", "os:meta:writer"];

const ROLES: [&str; 5] = [
    "os:admin",
    "os:operator",
    "os:reader",
    "os:etcd:backup",
    "os:impersonator",
];

pub(super) fn check(machine: View<'_>, is_control_plane: bool, checks: &mut Checks) {
    const ACCESS: &str = "machine.features.kubernetesTalosAPIAccess";
    let access = machine.at("features.kubernetesTalosAPIAccess");
    if access.at("enabled").flag() {
        checks.refuse(
            !is_control_plane,
            format!("{ACCESS}: only control planes can offer it"),
        );
        // Until 1.11 the roles themselves could be turned off.
        checks.refuse(
            !checks.line.from(12) && !machine.at("features.rbac").flag(),
            format!("{ACCESS}: needs machine.features.rbac"),
        );
        for role in access.at("allowedRoles").texts() {
            checks.refuse(
                !is_role(role, checks.line),
                format!("{ACCESS}.allowedRoles: '{role}' is not a role"),
            );
        }
    }
    let algorithm = machine.at("features.nodeAddressSortAlgorithm").text();
    let known = matches!(algorithm.to_lowercase().as_str(), "" | "v1" | "v2");
    checks.refuse(
        !known,
        "machine.features.nodeAddressSortAlgorithm: must be v1 or v2",
    );
}

/// In a container, names are resolved by the host's own DNS.
pub(super) fn host_dns_of_containers(machine: View<'_>, checks: &mut Checks) {
    for key in ["enabled", "forwardKubeDNSToHost"] {
        let on = machine.at("features.hostDNS").at(key).flag();
        checks.refuse(
            !on,
            format!("machine.features.hostDNS.{key}: containers need it"),
        );
    }
}

/// What is forwarded to the host's own DNS must arrive there.
pub(super) fn host_dns(machine: View<'_>, checks: &mut Checks) {
    let host = machine.at("features.hostDNS");
    let nowhere = host.at("forwardKubeDNSToHost").flag() && !host.at("enabled").flag();
    checks.refuse(
        nowhere,
        "machine.features.hostDNS.forwardKubeDNSToHost: needs hostDNS.enabled",
    );
}

/// Types of the top of an OCI runtime specification.
pub(super) fn runtime_spec(name: &str, overrides: View<'_>, checks: &mut Checks) {
    for (key, value) in overrides.entries() {
        let fits = match key {
            "ociVersion" | "hostname" | "domainname" => {
                matches!(value, View::Value(v) if v.as_str().is_some())
            }
            "process" | "root" | "hooks" | "annotations" | "linux" => matches!(value, View::Map(_)),
            "mounts" => value.value().is_some_and(|v| v.as_list().is_some()),
            _ => true,
        };
        let place = format!("{name}.{key}");
        checks.refuse(
            value.is_set() && !fits,
            format!("{place}: does not fit the OCI runtime specification"),
        );
    }
}
