resource "talos_secrets" "cluster" {
  talos_version = "v1.12.6"
}

# An administrator's.
resource "talos_kubeconfig" "admin" {
  cluster_name     = "cluster-101"
  cluster_endpoint = "https://10.101.0.10:6443"
  machine_secrets  = talos_secrets.cluster.machine_secrets
}

# For a team that RBAC gives less, renewed every week.
resource "talos_kubeconfig" "team" {
  cluster_name     = "cluster-101"
  cluster_endpoint = "https://10.101.0.10:6443"
  machine_secrets  = talos_secrets.cluster.machine_secrets
  user             = "team-a"
  organizations    = ["team-a"]
  ttl              = "168h"
  renew_before     = "24h"
}

output "kubeconfig" {
  value     = talos_kubeconfig.admin.kubeconfig
  sensitive = true
}
