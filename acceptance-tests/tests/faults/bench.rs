//! The machines, two clusters' secrets, and how a fault is judged.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use acceptance_tests::machines::{Rack, RackSpec, patches};
use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::roots::{Root, Run};
use serde_json::{Value, json};

/// How long an error may take that an answer of the machine settles.
const SOON: Duration = Duration::from_secs(10);

/// Wrappers run a whole apply again where they read such words.
const RETRIED: [&str; 4] = [
    "deadline exceeded",
    "connection reset by peer",
    "TLS handshake timeout",
    "Client.Timeout",
];

const SECRETS: &str = r#"
variable "patch" {}

resource "talos_secrets" "cluster" {
  for_each      = toset(["ours", "other"])
  talos_version = "v1.12.6"
}

data "talos_machine_config" "cluster" {
  for_each           = talos_secrets.cluster
  cluster_name       = each.key
  cluster_endpoint   = "https://10.5.0.11:6443"
  machine_type       = "controlplane"
  talos_version      = "v1.12.6"
  kubernetes_version = "1.35.6"
  machine_secrets    = each.value.machine_secrets
  config_patches     = [var.patch]
}

output "client_configurations" {
  value     = { for name, cluster in talos_secrets.cluster : name => cluster.client_configuration }
  sensitive = true
}

output "machine_secrets" {
  value     = { for name, cluster in talos_secrets.cluster : name => cluster.machine_secrets }
  sensitive = true
}

output "configs" {
  value     = { for name, config in data.talos_machine_config.cluster : name => config.machine_configuration }
  sensitive = true
}

output "fingerprints" {
  value = { for name, cluster in talos_secrets.cluster : name => cluster.fingerprints.os_ca }
}

output "cluster_ids" {
  value = { for name, cluster in talos_secrets.cluster : name => cluster.cluster_id }
}
"#;

const APPLY: &str = r#"
variable "endpoints" {}
variable "client_configuration" { sensitive = true }
variable "machine_configuration" { sensitive = true }
variable "config_patches" {}
variable "reset" { default = false }
variable "on_unreachable_destroy" { default = "error" }

provider "talos" {
  cluster_name           = "ours"
  talos                  = { client_configuration = var.client_configuration }
  on_unreachable_destroy = var.on_unreachable_destroy
}

resource "talos_machine_apply" "node" {
  node                  = "cp1"
  endpoints             = var.endpoints
  machine_configuration = var.machine_configuration
  config_patches        = var.config_patches
  on_destroy            = { reset = var.reset }
  timeouts              = { update = "10s", delete = "10s" }
}
"#;

const PATCH: &str = r#"
variable "endpoints" {}
variable "client_configuration" { sensitive = true }
variable "patches" {}
variable "on_unreachable_destroy" { default = "error" }

provider "talos" {
  talos                  = { client_configuration = var.client_configuration }
  on_unreachable_destroy = var.on_unreachable_destroy
}

resource "talos_machine_patch" "node" {
  node      = "cp1"
  endpoints = var.endpoints
  patches   = var.patches
  timeouts  = { delete = "5s" }
}
"#;

/// A patch that any machine takes.
pub const SYSCTL: &str = "machine: { sysctls: { net.core.somaxconn: \"4096\" } }";

/// The rack with everything that the faults need.
pub struct Bench {
    rack: Rack,
    /// Outputs of the root module that holds both clusters' secrets.
    pub made: Value,
}

impl Bench {
    /// Machines in maintenance mode, and secrets of two clusters.
    pub fn new() -> Self {
        let rack = Rack::start(RackSpec::new(3), &mut Stderr).unwrap();
        let made = {
            let secrets = Root::new(&rack, "secrets", SECRETS).unwrap();
            secrets
                .variables(&json!({ "patch": patches::SUITS_RACK }))
                .unwrap();
            succeeds(&secrets.apply().unwrap(), "secrets");
            secrets.outputs().unwrap()
        };
        Self { rack, made }
    }

    /// The rack.
    pub fn rack(&self) -> &Rack {
        &self.rack
    }

    /// Our cluster's machine, configured, with a change that every fault below asks for and none may bring about.
    pub fn applied(&self) -> Subject<'_> {
        let subject = self.apply("apply", "10.5.0.11", "ours");
        succeeds(&subject.root.apply().unwrap(), "first apply");
        subject
    }

    /// A root module with a `talos_machine_apply`.
    pub fn apply(&self, name: &str, address: &str, cluster: &str) -> Subject<'_> {
        self.subject(
            name,
            APPLY,
            json!({
                "endpoints": [address],
                "client_configuration": self.made["client_configurations"][cluster],
                "machine_configuration": self.made["configs"][cluster],
                "config_patches": [],
            }),
        )
    }

    /// A root module with a `talos_machine_patch`, which is in no state yet.
    pub fn patch(&self, name: &str, address: &str) -> Subject<'_> {
        self.subject(
            name,
            PATCH,
            json!({
                "endpoints": [address],
                "client_configuration": self.made["client_configurations"]["ours"],
                "patches": [SYSCTL],
            }),
        )
    }

    /// Any root module.
    pub fn subject(&self, name: &str, text: &str, good: Value) -> Subject<'_> {
        let root = Root::new(&self.rack, name, text).unwrap();
        root.variables(&good).unwrap();
        Subject { root, good }
    }

    /// The configuration file on a machine's disk.
    pub fn on_disk(&self, machine: &str) -> Option<String> {
        let file: PathBuf = self
            .rack
            .dir()
            .join(machine)
            .join("state/system/state/config.yaml");
        fs::read_to_string(file).ok()
    }
}

/// A root module with inputs that are good.
pub struct Subject<'a> {
    /// The module.
    pub root: Root<'a>,
    good: Value,
}

/// What a fault must come to.
pub struct Fault<'a> {
    /// For people.
    pub name: &'a str,
    /// Inputs that differ from the good ones.
    pub inputs: Value,
    /// How the summary begins.
    pub code: &'a str,
    /// What summary and detail say, cause and cure among it.
    pub says: &'a [&'a str],
}

impl Subject<'_> {
    /// Applies with the fault: one error, soon, and neither state nor the good inputs' plan moves. Returns what the error says.
    pub fn refuses(&self, fault: &Fault<'_>) -> String {
        let run = self.fails(fault);
        assert!(
            run.took < SOON,
            "{}: took {:?}\n{}",
            fault.name,
            run.took,
            run.told()
        );
        run.errors()[0].detail.clone()
    }

    /// The same, for silence: no answer settles anything before the time allowed is over.
    pub fn fails(&self, fault: &Fault<'_>) -> Run {
        let before = self.kept();
        self.with(&fault.inputs);
        let run = self.root.apply().unwrap();
        self.judge(fault, &run, &before);
        self.root.variables(&self.good).unwrap();
        run
    }

    /// Judges a run that has failed.
    pub fn judge(&self, fault: &Fault<'_>, run: &Run, before: &Value) {
        let name = fault.name;
        let told = run.told();
        Stderr.line(&format!(
            "--- {name} ({:.1} s)\n{told}",
            run.took.as_secs_f64()
        ));
        assert!(!run.ok, "{name}: went through\n{told}");
        let errors = run.errors();
        assert_eq!(errors.len(), 1, "{name}:\n{told}\n{}", run.said);
        let text = format!("{}\n{}", errors[0].summary, errors[0].detail);
        assert!(
            errors[0].summary.starts_with(&format!("{}:", fault.code)),
            "{name}: {text}"
        );
        for part in fault.says {
            assert!(
                text.contains(part),
                "{name}: {part:?} is missing in\n{text}"
            );
        }
        for words in RETRIED {
            assert!(!told.contains(words), "{name}: {words:?} is in\n{told}");
        }
        assert_eq!(&self.kept(), before, "{name}: state has changed");
    }

    /// Takes `inputs` instead of the good ones of the same name.
    pub fn with(&self, inputs: &Value) {
        let mut all = self.good.clone();
        for (name, value) in inputs.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.root.variables(&all).unwrap();
    }

    /// Keeps `inputs` as good ones.
    pub fn settle(&mut self, inputs: &Value) {
        for (name, value) in inputs.as_object().unwrap() {
            self.good[name] = value.clone();
        }
        self.root.variables(&self.good).unwrap();
    }

    /// The good inputs plan nothing.
    pub fn unchanged(&self) {
        self.root.variables(&self.good).unwrap();
        let run = self
            .root
            .run(&["plan", "-json", "-input=false", "-detailed-exitcode"])
            .unwrap();
        assert!(run.ok, "{}\n{}", run.told(), run.said);
    }

    /// What state holds of the objects: everything but how far the machine's start has come.
    pub fn kept(&self) -> Value {
        let mut state = self.root.state().unwrap();
        let resources = state["resources"].as_array_mut().into_iter().flatten();
        for instance in
            resources.flat_map(|each| each["instances"].as_array_mut().into_iter().flatten())
        {
            instance["attributes"]["stage"].take();
        }
        match state["resources"].take() {
            Value::Array(list) if list.is_empty() => Value::Null,
            resources => resources,
        }
    }
}

/// A run that must go through.
pub fn succeeds(run: &Run, about: &str) {
    assert!(run.ok, "{about}:\n{}\n{}", run.told(), run.said);
}
