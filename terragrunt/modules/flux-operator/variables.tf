variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "kubeconfig" {
  description = "Administrator's kubeconfig."
  type        = string
  sensitive   = true
}

variable "flux_operator_version" {
  description = "Version of flux-operator."
  type        = string
}

variable "namespace" {
  description = "Namespace of the operator and of Flux."
  type        = string
  default     = "flux-system"
}

variable "namespace_labels" {
  description = "Labels of the namespace."
  type        = map(string)
  default     = null
}

variable "artifact" {
  description = "Artifact with the operator's manifests, as oci://host/repository; the published one unless given."
  type        = string
  default     = null
}

variable "env" {
  description = "Environment of the operator."
  type        = map(string)
  default     = null
}

variable "tolerations" {
  description = "Taints that the operator tolerates."
  type        = list(map(string))
  default     = null
}
