output "applied_nodes" {
  description = "Digest of the base configuration of each machine."
  value       = { for name, node in talos_machine_apply.node : name => node.config_hash }
}
