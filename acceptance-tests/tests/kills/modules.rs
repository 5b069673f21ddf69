//! The root modules: secrets with configurations, patches, and the cluster.

/// Secrets, and a `talos_machine_apply` for each machine.
pub const MACHINES: &str = r#"
variable "suits_rack" {}
variable "addresses" {}
variable "config_patches" { default = [] }

provider "talos" {
  cluster_name = "killed"
}

resource "talos_secrets" "cluster" {
  talos_version = "v1.12.6"
}

data "talos_machine_config" "base" {
  cluster_name       = "killed"
  cluster_endpoint   = "https://10.5.0.11:6443"
  machine_type       = "controlplane"
  talos_version      = "v1.12.6"
  kubernetes_version = "1.35.6"
  machine_secrets    = talos_secrets.cluster.machine_secrets
  config_patches     = [var.suits_rack]
}

resource "talos_machine_apply" "node" {
  for_each              = var.addresses
  node                  = each.key
  endpoints             = [each.value]
  client_configuration  = talos_secrets.cluster.client_configuration
  machine_configuration = data.talos_machine_config.base.machine_configuration
  config_patches        = var.config_patches
}

output "client_configuration" {
  value     = talos_secrets.cluster.client_configuration
  sensitive = true
}
"#;

/// A `talos_machine_patch` for each machine.
pub const PATCHES: &str = r#"
variable "addresses" {}
variable "client_configuration" { sensitive = true }
variable "patches" { default = [] }

provider "talos" {
  talos = { client_configuration = var.client_configuration }
}

resource "talos_machine_patch" "node" {
  for_each  = var.addresses
  node      = each.key
  endpoints = [each.value]
  patches   = var.patches
}
"#;

/// etcd on all of them.
pub const CLUSTER: &str = r#"
variable "addresses" {}
variable "client_configuration" { sensitive = true }
variable "node" { default = null }

provider "talos" {
  cluster_name = "killed"
  talos        = { client_configuration = var.client_configuration }
}

resource "talos_bootstrap" "cluster" {
  control_planes = { for name, address in var.addresses : name => [address] }
  node           = var.node
  wait_for       = { api_server = false }
  timeouts       = { create = "5m", update = "5m" }
}
"#;
