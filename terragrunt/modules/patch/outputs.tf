output "patched_nodes" {
  description = "Paths that this stage owns, by machine."
  value       = { for name, node in talos_machine_patch.node : name => node.owned }
}
