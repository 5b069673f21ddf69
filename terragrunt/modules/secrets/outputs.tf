output "machine_secrets" {
  description = "Everything the machines of the cluster share."
  value       = talos_secrets.cluster.machine_secrets
  sensitive   = true
}

output "client_configuration" {
  description = "Client identity of an administrator, for the Talos API."
  value       = talos_secrets.cluster.client_configuration
  sensitive   = true
}

output "secrets_yaml" {
  description = "The same secrets as `talosctl gen secrets` writes them."
  value       = talos_secrets.cluster.secrets_yaml
  sensitive   = true
}

output "cluster_id" {
  description = "Identity of the cluster; never changes."
  value       = talos_secrets.cluster.cluster_id
}

output "fingerprints" {
  description = "Fingerprints of the certificate authorities."
  value       = talos_secrets.cluster.fingerprints
}
