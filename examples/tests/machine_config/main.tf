# The configuration of a machine, as a module that is tested without a cluster: everything below is
# computed offline. `terraform test` (or `tofu test`) in this folder runs machine_config.tftest.hcl.

terraform {
  required_providers {
    talos = { source = "home-ops/talos-stack" }
  }
}

variable "hostname" {
  description = "Name of the machine."
  type        = string
  default     = "cp01"
}

variable "somaxconn" {
  description = "Longest queue of connections that nobody has accepted yet."
  type        = number
  default     = 65535
}

resource "talos_secrets" "cluster" {
  talos_version = "v1.12.6"
  # For tests only: what a test makes, it takes away.
  deletion_protection = false
}

locals {
  talos_version = "v1.12.6"
  schematic_id = provider::talos::schematic_id(yamlencode({
    customization = { systemExtensions = { officialExtensions = ["siderolabs/qemu-guest-agent"] } }
  }))
  installer_image = provider::talos::installer_image(local.schematic_id, local.talos_version, "nocloud")
}

data "talos_machine_config" "base" {
  cluster_name       = "cluster-101"
  cluster_endpoint   = "https://10.101.0.10:6443"
  machine_type       = "controlplane"
  talos_version      = local.talos_version
  kubernetes_version = "1.35.6"
  machine_secrets    = talos_secrets.cluster.machine_secrets

  install = { image = local.installer_image }

  layers = [{
    name    = "kernel"
    patches = [yamlencode({ machine = { sysctls = { "net.core.somaxconn" = tostring(var.somaxconn) } } })]
  }]
}

locals {
  base = data.talos_machine_config.base.machine_configuration

  # What a later stage lays over it.
  config = provider::talos::machine_config_merge(local.base, [
    yamlencode({ apiVersion = "v1alpha1", kind = "HostnameConfig", auto = "off", hostname = var.hostname }),
  ], local.talos_version)
}

# Every document by its kind, for whoever looks something up in it.
output "documents" {
  value = {
    for document in [for text in split("---\n", local.config) : yamldecode(text)] :
    lookup(document, "kind", "v1alpha1") => document
  }
  sensitive = true
}

# What the later stage changes. Secrets are redacted, so this may be shown.
output "difference" {
  value = [
    for change in nonsensitive(provider::talos::machine_config_diff(local.base, local.config)) :
    "${change.document}: ${change.path}: ${coalesce(change.old, "nothing")} -> ${coalesce(change.new, "nothing")}"
  ]
}

output "verdict" {
  value = nonsensitive(provider::talos::machine_config_validate(local.config, "metal", local.talos_version))
}

output "redacted" {
  value = nonsensitive(provider::talos::machine_config_redact(local.config))
}

output "installer_image" {
  value = local.installer_image
}

# For `talosctl gen config --with-secrets`.
output "secrets_yaml" {
  value     = provider::talos::secrets_yaml(talos_secrets.cluster.machine_secrets)
  sensitive = true
}

output "talosconfig" {
  value = provider::talos::talosconfig(
    talos_secrets.cluster.client_configuration, "cluster-101", ["10.101.0.11"], ["10.101.0.11"],
  )
  sensitive = true
}
