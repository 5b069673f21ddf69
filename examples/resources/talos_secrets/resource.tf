resource "talos_secrets" "cluster" {
  talos_version = "v1.12.6"
}

# What the other stages take.
output "machine_secrets" {
  value     = talos_secrets.cluster.machine_secrets
  sensitive = true
}

output "client_configuration" {
  value     = talos_secrets.cluster.client_configuration
  sensitive = true
}
