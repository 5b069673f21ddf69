variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "client_configuration" {
  description = "Client identity for the Talos API."
  type        = any
  sensitive   = true
}

variable "machine_configs" {
  description = "Role per machine, as the config stage hands it over."
  type = map(object({
    machine_type = string
    config_patch = string
  }))
}

variable "all_node_ips" {
  description = "Addresses by machine."
  type        = map(list(string))
}

variable "patches_dir" {
  description = "Folder of all.yaml, <role>.yaml and nodes/<node>.yaml."
  type        = string
}

variable "mode" {
  description = "How changes reach the machines: auto, no_reboot, reboot, staged or try."
  type        = string
  default     = "no_reboot"
}

variable "allow_change" {
  description = "Identity changes allowed by name (hostname, node_ip, cluster_id, encryption_key, install_disk, machine_type)."
  type        = set(string)
  default     = []
}

variable "on_conflict" {
  description = "What to do about an owned path that somebody else changed: error or take."
  type        = string
  default     = "error"
}
