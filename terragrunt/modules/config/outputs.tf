output "machine_config_bases" {
  description = "Base configuration per role, gzip and base64: small enough for an environment variable, free of template signs."
  value       = { for role, config in data.talos_machine_config.base : role => base64gzip(config.machine_configuration) }
  sensitive   = true
}

output "machine_configs" {
  description = "Per machine: its role and its own patch (gzip and base64, empty where there is none)."
  value = {
    for name, node in var.nodes : name => {
      machine_type = node.machine_type
      config_patch = local.node_patches[name] == "" ? "" : base64gzip(local.node_patches[name])
    }
  }
}

output "redacted" {
  description = "What the base configurations say, by role and document, secrets left out. This is the diff to review."
  value       = { for role, config in data.talos_machine_config.base : role => config.redacted }
}

output "client_configuration" {
  description = "Client identity for the Talos API."
  value       = var.client_configuration
  sensitive   = true
}

output "machine_secrets" {
  description = "Secrets of the cluster, for the stages that mint from them."
  value       = var.machine_secrets
  sensitive   = true
}

output "talosconfig" {
  description = "Client configuration for talosctl."
  value       = provider::talos::talosconfig(var.client_configuration, var.cluster_name, [for name in local.control_planes : var.nodes[name].addresses[0]], [])
  sensitive   = true
}

output "cluster_name" {
  description = "Name of the cluster."
  value       = var.cluster_name
}

output "cluster_endpoint" {
  description = "URL of the Kubernetes API."
  value       = var.cluster_endpoint
}

output "all_node_names" {
  description = "Names of all machines."
  value       = keys(var.nodes)
}

output "all_node_ips" {
  description = "Addresses by machine."
  value       = { for name, node in var.nodes : name => node.addresses }
}

output "control_plane_ips" {
  description = "Addresses by control plane."
  value       = { for name in local.control_planes : name => var.nodes[name].addresses }
}
