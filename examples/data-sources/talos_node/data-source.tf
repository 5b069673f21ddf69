variable "addresses" {
  description = "Addresses of a machine that waits for its first configuration."
  type        = list(string)
  default     = ["metal01.invalid"]
}

# Without client_configuration a machine in maintenance mode is read.
data "talos_node" "metal01" {
  endpoints = var.addresses
}

# The largest disk that is neither a CD-ROM drive nor read-only.
output "install_disk" {
  value = try(element([
    for size in reverse(sort([
      for disk in values(data.talos_node.metal01.disks) : format("%020d %s", disk.size_bytes, disk.device)
      if !disk.cdrom && !disk.readonly
    ])) : split(" ", size)[1]
  ], 0), null)
}
