variable "cluster_name" {
  description = "Name of the cluster."
  type        = string
}

variable "nodes" {
  description = "Machines by name."
  type = map(object({
    machine_type = string
    host         = string
    vmid         = number
    cores        = number
    memory_mib   = number
    disk_gib     = number
    nics = map(object({
      bridge = string
      mtu    = optional(number)
      vlan   = optional(number)
      trunks = optional(set(string))
    }))
    interfaces = map(object({
      addresses = optional(list(string))
      gateway4  = optional(string)
      gateway6  = optional(string)
      mtu       = optional(number)
    }))
  }))
}

variable "nameservers" {
  description = "Name servers of machines that have no configuration yet."
  type        = list(string)
}

variable "vm_storage" {
  description = "Storage for disks."
  type        = string
}

variable "image_storage" {
  description = "Storage for ISO images: the seeds of the machines."
  type        = string
}

variable "talos_image_id" {
  description = "Volume of the boot image, output of the artifacts stage."
  type        = string
}

variable "reboot_policy" {
  description = "What to do about changes that wait for a power cycle: never or if_required."
  type        = string
  default     = "never"
}

variable "max_parallel" {
  description = "Requests to Proxmox VE under way at the same time."
  type        = number
  default     = 8
}
