//! Control planes that are not one cluster.

use std::time::Duration;

use acceptance_tests::talosctl::Talosctl;
use serde_json::json;

use crate::bench::{Bench, Fault, Subject, succeeds};

const BOOTSTRAP: &str = r#"
variable "control_planes" {}
variable "client_configuration" { sensitive = true }
variable "cluster_id" { default = null }
variable "node" { default = null }

provider "talos" {
  cluster_name = "ours"
  talos        = { client_configuration = var.client_configuration }
}

resource "talos_bootstrap" "cluster" {
  control_planes = var.control_planes
  cluster_id     = var.cluster_id
  node           = var.node
  wait_for       = { etcd_members = "1", api_server = false }
  timeouts       = { create = "60s" }
}
"#;

/// How long etcd may take from its bootstrap to its first member.
const ETCD: Duration = Duration::from_secs(60);

fn subject<'a>(bench: &'a Bench, name: &str) -> Subject<'a> {
    bench.subject(
        name,
        BOOTSTRAP,
        json!({
            "control_planes": { "cp1": ["10.5.0.11"] },
            "client_configuration": bench.made["client_configurations"]["ours"],
        }),
    )
}

fn data(bench: &Bench, machine: &str) -> bool {
    bench
        .rack()
        .dir()
        .join(machine)
        .join("state/var/lib/etcd/member")
        .exists()
}

/// Nothing is bootstrapped where a machine is not what the configuration says.
pub fn other_clusters(bench: &Bench) {
    let bootstrap = subject(bench, "bootstrap");
    bootstrap.refuses(&Fault {
        name: "bootstrap with a placeholder",
        inputs: json!({ "control_planes": { "cp1": ["10.5.0.11"], "cp2": ["cp2.invalid"] } }),
        code: "TS-PLACEHOLDER",
        says: &["cp2", "Apply the earlier stage"],
    });
    bootstrap.refuses(&Fault {
        name: "bootstrap with a machine in maintenance mode",
        inputs: json!({ "control_planes": { "cp1": ["10.5.0.11"], "cp3": ["10.5.0.13"] } }),
        code: "TS-NODE-MAINTENANCE",
        says: &["cp3", "Apply its configuration first"],
    });
    bootstrap.refuses(&Fault {
        name: "bootstrap with another cluster's machine",
        inputs: json!({ "control_planes": { "cp1": ["10.5.0.11"], "cp2": ["10.5.0.12"] } }),
        code: "TS-NODE-WRONG-CA",
        says: &["cp2", "Cause:", "Cure:"],
    });
    bootstrap.refuses(&Fault {
        name: "bootstrap of another cluster id",
        inputs: json!({ "cluster_id": bench.made["cluster_ids"]["other"] }),
        code: "TS-CLUSTER-OTHER",
        says: &[
            "cp1",
            bench.made["cluster_ids"]["ours"].as_str().unwrap(),
            "control_planes",
        ],
    });
    assert!(
        !data(bench, "cp1") && !data(bench, "cp2"),
        "etcd was started"
    );
}

/// A member is adopted, whichever machine has it; two that do not know each other are refused.
pub fn two_clusters(bench: &Bench) {
    let third = bench.apply("third", "10.5.0.13", "ours");
    succeeds(&third.root.apply().unwrap(), "third machine");
    start(bench, "10.5.0.13");
    let adopting = subject(bench, "adopting");
    let both = json!({ "cp1": ["10.5.0.11"], "cp3": ["10.5.0.13"] });
    adopting.with(&json!({ "control_planes": both, "node": "cp1" }));
    succeeds(&adopting.root.apply().unwrap(), "adopting");
    let found = adopting.root.object("talos_bootstrap.cluster").unwrap();
    assert_eq!(found["status"], "adopted");
    assert!(!data(bench, "cp1"), "a second etcd was started");

    start(bench, "10.5.0.11");
    subject(bench, "split").refuses(&Fault {
        name: "two etcd clusters",
        inputs: json!({ "control_planes": both }),
        code: "TS-ETCD-SPLIT",
        says: &["cp1", "cp3", "no common member", "talosctl reset"],
    });
}

/// Official talosctl starts an etcd, as somebody else would.
fn start(bench: &Bench, address: &str) {
    let folder = bench.rack().files().unwrap().join("ours");
    std::fs::create_dir_all(&folder).unwrap();
    let identity = &bench.made["client_configurations"]["ours"];
    let member = |name: &str| identity[name].as_str().unwrap();
    let talosconfig = format!(
        "context: ours\ncontexts:\n  ours:\n    endpoints: []\n    ca: {}\n    crt: {}\n    key: {}\n",
        member("ca_certificate"),
        member("client_certificate"),
        member("client_key")
    );
    std::fs::write(folder.join("talosconfig"), talosconfig).unwrap();
    let talosctl = Talosctl::new(bench.rack(), &folder).unwrap();
    talosctl
        .wait(address, &["bootstrap"], ETCD, |_| true)
        .unwrap();
    talosctl
        .wait(address, &["etcd", "members"], ETCD, |text| {
            text.contains(address)
        })
        .unwrap();
}
