//! A control plane that waits for its bootstrap.

use std::time::Duration;

use serde_json::json;

use super::ask::{ask, call, healthy, question, service};
use crate::Who::Admin;
use crate::{Site, Step};

pub(super) fn steps(site: &Site) -> Vec<Step> {
    let mut steps = vec![Step::Wait(
        question("configured: services", Admin, "ServiceList", json!({})),
        |answered| {
            healthy(answered, "cri")
                && healthy(answered, "kubelet")
                && service(answered, "etcd")["state"] == "Preparing"
        },
    )];
    steps.extend([
        call("configured: release", Admin, "Version"),
        call("configured: host name", Admin, "Hostname"),
        call("configured: memory", Admin, "Memory"),
        call("configured: services", Admin, "ServiceList"),
        call("configured: kubeconfig", Admin, "Kubeconfig"),
        call(
            "configured: a talosconfig for no time",
            Admin,
            "GenerateClientConfiguration",
        ),
        call("configured: unknown method", Admin, "Nope"),
        call(
            "configured: unknown service",
            Admin,
            "nope.NopeService/Nope",
        ),
        Step::Ask(question("configured: events", Admin, "Events", json!({})).first(1)),
    ]);
    let files = [
        ("id of the boot", "/proc/sys/kernel/random/boot_id"),
        ("missing file", "/nowhere/at/all"),
        ("folder", "/etc"),
        ("relative path", "etc/os-release"),
    ];
    steps.extend(files.into_iter().map(|(about, path)| {
        ask(
            &format!("configured: read {about}"),
            Admin,
            "Read",
            json!({ "path": path }),
        )
    }));
    steps.extend(waiting());
    steps.extend(routed(site));
    steps
}

/// Calls that wait for etcd longer than anybody does.
fn waiting() -> Vec<Step> {
    const SHORT: Duration = Duration::from_secs(2);
    let members = question(
        "configured: members of etcd",
        Admin,
        "EtcdMemberList",
        json!({}),
    );
    let status = question("configured: status of etcd", Admin, "EtcdStatus", json!({}));
    [members, status]
        .map(|one| Step::Ask(one.within(SHORT)))
        .into()
}

/// Calls that name machines.
fn routed(site: &Site) -> Vec<Step> {
    let own = site.address.to_string();
    let version = |name: &str| question(name, Admin, "Version", json!({}));
    let of_state = json!({
        "namespace": "runtime", "type": "Versions.runtime.talos.dev", "id": "version",
    });
    let of_state = question(
        "routed: a resource to nodes",
        Admin,
        "cosi.resource.State/Get",
        of_state,
    );
    let exchanges = [
        version("routed: to itself").routed("node", &own),
        version("routed: to itself as nodes").routed("nodes", &own),
        version("routed: twice to itself")
            .routed("nodes", &own)
            .routed("nodes", &own),
        version("routed: two values of node")
            .routed("node", &own)
            .routed("node", &own),
        of_state.routed("nodes", &own),
    ];
    exchanges.map(Step::Ask).into()
}
