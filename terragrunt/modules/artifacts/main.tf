provider "talos" {
  cluster_name = var.cluster_name
}

resource "talos_image_schematic" "this" {
  talos_version = var.talos_version
  extensions    = var.extensions
  kernel_args   = var.kernel_args
}

# One image for all machines: it says nothing about a machine. A new schematic or version is a new file.
resource "proxmox_talos_image" "iso" {
  provider = talos

  storage = var.image_storage
  factory = {
    schematic_id  = talos_image_schematic.this.id
    talos_version = var.talos_version
  }
}
