variable "cluster_name" {
  description = "Name of the cluster; used in ids and messages."
  type        = string
}

variable "talos_version" {
  description = "Talos version whose rules the secrets follow; recorded once."
  type        = string
}
