//! The root modules: a whole run on one machine, and what goes wrong with secrets in it.

/// Everything that makes, holds or passes on secrets.
pub const RUN: &str = r#"
variable "suits_rack" {}
variable "password" { sensitive = true }
variable "planted" { type = bool }

locals {
  registry = <<-YAML
    machine:
      registries:
        config:
          registry.internal:
            auth:
              username: someone
              password: ${var.password}
  YAML
}

provider "talos" {
  cluster_name = "secret"
}

resource "talos_secrets" "cluster" {
  talos_version = "v1.12.6"
}

data "talos_machine_config" "base" {
  cluster_name       = "secret"
  cluster_endpoint   = "https://10.5.0.11:6443"
  machine_type       = "controlplane"
  talos_version      = "v1.12.6"
  kubernetes_version = "1.35.6"
  machine_secrets    = talos_secrets.cluster.machine_secrets
  config_patches     = [var.suits_rack, local.registry]
}

resource "talos_machine_apply" "node" {
  node                  = "cp1"
  endpoints             = ["10.5.0.11"]
  client_configuration  = talos_secrets.cluster.client_configuration
  machine_configuration = data.talos_machine_config.base.machine_configuration
}

resource "talos_machine_patch" "node" {
  node                 = "cp1"
  endpoints            = ["10.5.0.11"]
  client_configuration = talos_secrets.cluster.client_configuration
  patches              = [replace(local.registry, "registry.internal", "patched.internal")]
  depends_on           = [talos_machine_apply.node]
}

resource "talos_bootstrap" "cluster" {
  control_planes       = { cp1 = ["10.5.0.11"] }
  client_configuration = talos_secrets.cluster.client_configuration
  wait_for             = { api_server = false }
  depends_on           = [talos_machine_patch.node]
}

resource "talos_kubeconfig" "admin" {
  cluster_name     = "secret"
  cluster_endpoint = "https://10.5.0.11:6443"
  machine_secrets  = talos_secrets.cluster.machine_secrets
}

data "talos_node" "node" {
  endpoints            = ["10.5.0.11"]
  client_configuration = talos_secrets.cluster.client_configuration
  depends_on           = [talos_bootstrap.cluster]
}

data "talos_health" "cluster" {
  control_planes       = { cp1 = ["10.5.0.11"] }
  client_configuration = talos_secrets.cluster.client_configuration
  level                = "etcd"
  depends_on           = [talos_bootstrap.cluster]
}

ephemeral "talos_client_config" "reader" {
  machine_secrets = talos_secrets.cluster.machine_secrets
  roles           = ["os:reader"]
}

output "told" {
  value = {
    redacted     = nonsensitive(data.talos_machine_config.base.redacted)
    documents    = nonsensitive(data.talos_machine_config.base.documents)
    config_hash  = nonsensitive(data.talos_machine_config.base.config_hash)
    fingerprints = talos_secrets.cluster.fingerprints
    changes      = talos_machine_apply.node.changes
    drift_found  = talos_machine_apply.node.drift_found
    owned        = nonsensitive(talos_machine_patch.node.owned)
    redacted_by  = nonsensitive(provider::talos::machine_config_redact(data.talos_machine_config.base.machine_configuration))
  }
}

output "given_away" {
  value = var.planted ? nonsensitive(talos_secrets.cluster.machine_secrets.trustdinfo.token) : "nothing"
}
"#;

/// A text that is no configuration, over one that is.
pub const FAULTY_APPLY: &str = r#"
variable "client_configuration" { sensitive = true }
variable "text" { sensitive = true }

resource "talos_machine_apply" "node" {
  node                  = "cp1"
  endpoints             = ["10.5.0.11"]
  client_configuration  = var.client_configuration
  machine_configuration = var.text
}
"#;

/// The same as a patch.
pub const FAULTY_PATCH: &str = r#"
variable "client_configuration" { sensitive = true }
variable "text" { sensitive = true }

resource "talos_machine_patch" "node" {
  node                 = "cp1"
  endpoints            = ["10.5.0.11"]
  client_configuration = var.client_configuration
  patches              = [var.text]
}
"#;
