variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "kubeconfig" {
  description = "Administrator's kubeconfig."
  type        = string
  sensitive   = true
}

variable "namespace" {
  description = "Namespace of the operator."
  type        = string
}

variable "flux_version" {
  description = "Version of Flux."
  type        = string
}

variable "flux_registry" {
  description = "Registry of Flux's images."
  type        = string
  default     = "ghcr.io/fluxcd"
}

variable "components" {
  description = "Controllers."
  type        = list(string)
  default = [
    "source-controller", "kustomize-controller", "helm-controller", "notification-controller",
    "image-reflector-controller", "image-automation-controller",
  ]
}

variable "git_repository" {
  description = "Address of the repository that the cluster is kept in sync with."
  type        = string
}

variable "git_branch" {
  description = "Branch of the repository."
  type        = string
  default     = "main"
}

variable "git_path" {
  description = "Path of the cluster in the repository."
  type        = string
}

variable "git_private" {
  description = "Whether the repository is read with `git_token`; its address begins with https:// then."
  type        = bool
  default     = false
}

variable "git_token" {
  description = "Token or password for the repository. Neither plan nor state holds it."
  type        = string
  ephemeral   = true
  default     = null
}

variable "retry_interval" {
  description = "How soon a failed sync is tried again."
  type        = string
  default     = "10s"
}

variable "decrypt" {
  description = "Whether what the repository holds is decrypted with `sops_age_key`."
  type        = bool
  default     = true
}

variable "sops_age_key" {
  description = "Text of the age key file. Neither plan nor state holds it."
  type        = string
  ephemeral   = true
  default     = null
}

variable "sops_age_key_version" {
  description = "Another number writes the key again."
  type        = number
  default     = 1
}
