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
