variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "cluster_endpoint" {
  description = "URL of the Kubernetes API."
  type        = string
}

variable "talos_version" {
  description = "Talos version to render for."
  type        = string
}

variable "kubernetes_version" {
  description = "Kubernetes version to render for."
  type        = string
}

variable "nodes" {
  description = "Machines by name: role and addresses, the first one preferred."
  type = map(object({
    machine_type = string
    addresses    = list(string)
  }))
}

variable "layers_dir" {
  description = "Folder of all.yaml, <role>.yaml and nodes/<node>.yaml."
  type        = string
}

variable "machine_secrets" {
  description = "Output of the secrets stage."
  type        = any
  sensitive   = true
}

variable "client_configuration" {
  description = "Output of the secrets stage."
  type        = any
  sensitive   = true
}
