output "kubeconfig" {
  description = "Administrator's kubeconfig."
  value       = talos_kubeconfig.admin.kubeconfig
  sensitive   = true
}

output "kubernetes_client_configuration" {
  description = "The same as separate values, for providers that want them so."
  value       = talos_kubeconfig.admin.kubernetes_client_configuration
  sensitive   = true
}

output "cluster_id" {
  description = "Identity of the cluster that runs on the control planes."
  value       = talos_bootstrap.cluster.cluster_id
}

output "cluster_ready" {
  description = "Whether all etcd members vote and the Kubernetes API answers."
  value       = talos_bootstrap.cluster.cluster_ready
}
