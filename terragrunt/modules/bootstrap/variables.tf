variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "cluster_endpoint" {
  description = "URL of the Kubernetes API."
  type        = string
}

variable "control_plane_ips" {
  description = "Addresses by control plane."
  type        = map(list(string))
}

variable "client_configuration" {
  description = "Client identity for the Talos API."
  type        = any
  sensitive   = true
}

variable "machine_secrets" {
  description = "Secrets of the cluster; the kubeconfig is minted from them."
  type        = any
  sensitive   = true
}
