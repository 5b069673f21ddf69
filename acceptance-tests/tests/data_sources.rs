//! Data sources against real machines: one in maintenance mode, one that is a cluster, and the same one silent.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use acceptance_tests::machines::{Rack, RackSpec};
use acceptance_tests::progress::Stderr;
use acceptance_tests::skip;
use acceptance_tests::talosctl::Talosctl;
use acceptance_tests::tools::Tool;
use acceptance_tests::worlds::single;
use serde_json::Value;
use support::{Core, texts};

const SOON: Duration = Duration::from_secs(30);
const CLUSTER: Duration = Duration::from_secs(240);

const NODE: &str = r#"
data "talos_node" "one" {
  endpoints = ["10.5.0.11"]
}

output "node" {
  value = {
    stage         = data.talos_node.one.stage
    talos_version = data.talos_node.one.talos_version
    addresses     = data.talos_node.one.addresses
    links         = data.talos_node.one.links
    services      = data.talos_node.one.services
  }
}
"#;

const HEALTH: &str = r#"
variable "require" {
  default = false
}

data "talos_health" "cluster" {
  control_planes = { cp1 = ["10.5.0.11"] }
  require        = var.require
}

output "health" {
  value = {
    healthy = data.talos_health.cluster.healthy
    checks  = data.talos_health.cluster.checks
  }
}
"#;

/// The same, asked of the Kubernetes API with a kubeconfig that official talosctl fetched.
const WITH_KUBECONFIG: &str = r#"
data "talos_health" "asked" {
  control_planes = { cp1 = ["10.5.0.11"] }
  level          = "cluster"
  require        = true
  kubernetes     = { kubeconfig = file("${path.module}/kubeconfig") }
}

# A kubeconfig that leads nowhere is told as that.
data "talos_health" "nowhere" {
  control_planes = { cp1 = ["10.5.0.11"] }
  level          = "kubernetes"
  kubernetes     = { host = "https://10.5.0.11:1" }
}

output "asked" {
  value = {
    checks  = data.talos_health.asked.checks
    nowhere = data.talos_health.nowhere.checks
  }
}
"#;

/// A root module in the network of a rack.
struct Module<'a> {
    core: Core,
    rack: &'a Rack,
    folder: &'a Path,
    identity: bool,
}

/// Whether a plan went through, the outputs it knows, and all it said.
struct Planned {
    ok: bool,
    outputs: Value,
    said: String,
}

impl<'a> Module<'a> {
    fn new(rack: &'a Rack, folder: &'a Path, text: &str, identity: bool) -> Self {
        let core = Core::new(Tool::Tofu, folder);
        Core::root_module(folder);
        fs::write(folder.join("main.tf"), text).unwrap();
        core.succeed(folder, "module", &["init", "-input=false", "-no-color"]);
        Self {
            core,
            rack,
            folder,
            identity,
        }
    }

    fn plan(&self, arguments: &[&str]) -> Planned {
        let mut command = self.rack.command(self.core.program());
        if self.identity {
            command.env(
                "TALOSCONFIG",
                self.rack.files().unwrap().join("talosconfig"),
            );
        }
        let arguments = [
            &["plan", "-input=false", "-no-color", "-out=plan"],
            arguments,
        ]
        .concat();
        let output = self.core.run(command, self.folder, &arguments);
        let ok = output.status.success();
        let outputs = if ok {
            self.core.planned_outputs(self.folder, "module")
        } else {
            Value::Null
        };
        let (told, complained) = texts(&output);
        // Messages are wrapped and framed for people.
        let said = format!("{told}\n{complained}")
            .replace('│', " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        Planned { ok, outputs, said }
    }
}

#[test]
fn a_machine_in_maintenance_mode_is_read_without_identity() {
    if skip::unless_machines_run("a_machine_in_maintenance_mode_is_read_without_identity") {
        return;
    }
    let rack = Rack::start(RackSpec::new(1), &mut Stderr).unwrap();
    let work = tempfile::tempdir().unwrap();
    let module = Module::new(&rack, work.path(), NODE, false);
    let started = Instant::now();
    let node = loop {
        let planned = module.plan(&[]);
        assert!(planned.ok, "{}", planned.said);
        let node = planned.outputs["node"]["value"].clone();
        if node["stage"] == "maintenance" {
            break node;
        }
        assert!(started.elapsed() < SOON, "{node}");
    };
    assert_eq!(node["talos_version"], "v1.12.6", "{node}");
    assert_eq!(node["addresses"][0], "10.5.0.11", "{node}");
    assert!(!node["links"].as_object().unwrap().is_empty(), "{node}");
}

#[test]
fn a_cluster_is_healthy_until_its_machine_is_silent() {
    if skip::unless_machines_run("a_cluster_is_healthy_until_its_machine_is_silent") {
        return;
    }
    let rack = single::start().unwrap();
    an_identity_is_asked_for(&rack);
    let work = tempfile::tempdir().unwrap();
    let module = Module::new(&rack, work.path(), &format!("{NODE}{HEALTH}"), true);
    let started = Instant::now();
    let outputs = loop {
        let planned = module.plan(&[]);
        assert!(planned.ok, "{}", planned.said);
        if planned.outputs["health"]["value"]["healthy"] == true {
            break planned.outputs;
        }
        assert!(started.elapsed() < CLUSTER, "{}", planned.said);
    };
    let (node, checks) = (
        &outputs["node"]["value"],
        &outputs["health"]["value"]["checks"],
    );
    assert_eq!(node["stage"], "running", "{node}");
    assert_eq!(node["services"]["kubelet"]["state"], "Running", "{node}");
    assert_eq!(
        checks["all k8s nodes to report ready"]["ok"], true,
        "{checks}"
    );
    assert!(module.plan(&["-var", "require=true"]).ok);
    the_kubernetes_api_says_the_same(&rack);

    rack.machine("cp1").unwrap().pause().unwrap();
    let asked = Instant::now();
    let silent = module.plan(&[]);
    assert!(silent.ok, "{}", silent.said);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert_eq!(
        silent.outputs["node"]["value"]["stage"], "unreachable",
        "{}",
        silent.said
    );
    assert_eq!(
        silent.outputs["health"]["value"]["healthy"], false,
        "{}",
        silent.said
    );
    assert!(
        silent.said.contains("TS-NODE-UNREACHABLE: 10.5.0.11"),
        "{}",
        silent.said
    );

    let refused = module.plan(&["-var", "require=true"]);
    assert!(
        !refused.ok && refused.said.contains("Error: TS-CLUSTER-UNHEALTHY"),
        "{}",
        refused.said
    );
}

fn the_kubernetes_api_says_the_same(rack: &Rack) {
    let work = tempfile::tempdir().unwrap();
    let module = Module::new(rack, work.path(), WITH_KUBECONFIG, true);
    let file = work.path().join("kubeconfig");
    let talosctl = Talosctl::new(rack, &rack.files().unwrap()).unwrap();
    let fetch = ["kubeconfig", "--force", &file.to_string_lossy()];
    talosctl
        .wait(single::ADDRESS, &fetch, SOON, |_| true)
        .unwrap();
    let planned = module.plan(&[]);
    assert!(planned.ok, "{}", planned.said);
    let told = &planned.outputs["asked"]["value"];
    for check in [
        "all k8s nodes to report",
        "all k8s nodes to report ready",
        "coredns to report ready",
    ] {
        assert_eq!(told["checks"][check]["ok"], true, "{told}");
    }
    let nowhere = &told["nowhere"]["all k8s nodes to report"];
    assert_eq!(nowhere["ok"], false, "{told}");
    assert!(
        nowhere["message"]
            .as_str()
            .unwrap()
            .contains("TS-K8S-UNREACHABLE"),
        "{told}"
    );
}

/// Without an identity a configured machine is an error, not a guess.
fn an_identity_is_asked_for(rack: &Rack) {
    let work = tempfile::tempdir().unwrap();
    let module = Module::new(rack, work.path(), NODE, false);
    let started = Instant::now();
    loop {
        let planned = module.plan(&[]);
        if !planned.ok {
            let told = planned.said.contains("TS-NODE-NOT-MAINTENANCE");
            assert!(told, "{}", planned.said);
            return;
        }
        // It boots: silence is no error.
        assert!(started.elapsed() < SOON, "{}", planned.said);
    }
}
