//! The machines and two clusters' secrets.

use std::fs;
use std::path::PathBuf;

use acceptance_tests::machines::{Rack, RackSpec, patches};
use acceptance_tests::progress::Stderr;
use acceptance_tests::roots::Root;
pub use acceptance_tests::subject::{Fault, Subject, succeeds};
use serde_json::{Value, json};

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
        Subject::new(Root::new(&self.rack, name, text).unwrap(), good)
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
