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
  description = "Machines by name: role, addresses (the first one preferred), and values for the template of node patches."
  type = map(object({
    machine_type = string
    addresses    = list(string)
    values       = optional(map(string), {})
  }))
}

variable "layers_dir" {
  description = "Folder of all.yaml, <role>.yaml, manifests/<name>.yaml, and nodes/<node>.yaml or node.yaml.tftpl."
  type        = string
}

variable "installer_image" {
  description = "Installer image, output of the artifacts stage; null: what Talos would take."
  type        = string
  default     = null
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
