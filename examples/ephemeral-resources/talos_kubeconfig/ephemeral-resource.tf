variable "machine_secrets" {
  description = "Output of the stage that made the secrets."
  type        = any
  sensitive   = true
  default     = {}
}

# An administrator for an hour. Its parts configure a Kubernetes provider:
# ephemeral.talos_kubeconfig.admin.kubernetes_client_configuration.host, and so on.
ephemeral "talos_kubeconfig" "admin" {
  cluster_name     = "cluster-101"
  cluster_endpoint = "https://10.101.0.10:6443"
  machine_secrets  = var.machine_secrets
  ttl              = "1h"
}
