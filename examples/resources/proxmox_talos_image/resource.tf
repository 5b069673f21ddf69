resource "talos_image_schematic" "this" {
  extensions    = ["siderolabs/qemu-guest-agent"]
  talos_version = "v1.12.6"
}

resource "proxmox_talos_image" "iso" {
  provider = talos
  storage  = "resources"
  factory = {
    schematic_id  = talos_image_schematic.this.id
    talos_version = "v1.12.6"
  }
}
