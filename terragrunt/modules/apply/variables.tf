variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "client_configuration" {
  description = "Client identity for the Talos API."
  type        = any
  sensitive   = true
}

variable "machine_config_bases" {
  description = "Base configuration per role, as the config stage hands it over."
  type        = map(string)
  sensitive   = true
}

variable "machine_configs" {
  description = "Role and own patch per machine, as the config stage hands them over."
  type = map(object({
    machine_type = string
    config_patch = string
  }))
}

variable "all_node_ips" {
  description = "Addresses by machine."
  type        = map(list(string))
}

variable "drift" {
  description = "What to do about settings that others changed: report or revert."
  type        = string
  default     = "report"
}

variable "allow_change" {
  description = "Identity changes allowed by name (hostname, node_ip, cluster_id, encryption_key, install_disk, machine_type)."
  type        = set(string)
  default     = []
}

variable "mode" {
  description = "How changes reach the machines: auto, no_reboot, reboot, staged or try."
  type        = string
  default     = "auto"
}

variable "on_conflict" {
  description = "What to do about a path that was changed here and on the machine: error, keep or take."
  type        = string
  default     = "error"
}

variable "disruption_group" {
  description = "Machines of one group change one at a time within a run; null: each on its own."
  type        = string
  default     = null
}
