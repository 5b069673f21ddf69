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
