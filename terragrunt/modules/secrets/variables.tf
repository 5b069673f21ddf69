variable "cluster_name" {
  description = "Name of the cluster; used in ids and messages."
  type        = string
}

variable "talos_version" {
  description = "Talos version whose rules the secrets follow; recorded once."
  type        = string
}

variable "secrets_yaml" {
  description = "Secrets of a cluster that exists already: the text that `talosctl gen secrets` wrote. Taken over once, and compared as long as it is given."
  type        = string
  ephemeral   = true
  default     = null
}

variable "secrets_yaml_version" {
  description = "Which text that is, for your own records: state keeps it."
  type        = string
  default     = null
}
