resource "talos_image_schematic" "vm" {
  talos_version = "v1.12.6"
  extensions    = ["siderolabs/qemu-guest-agent"]
  kernel_args   = ["-console", "console=ttyS0"]
}

# A single-board computer. Another overlay option that is not text goes into schematic_yaml.
resource "talos_image_schematic" "board" {
  talos_version = "v1.12.6"
  platform      = "metal"
  architecture  = "arm64"

  overlay = {
    name    = "rpi_generic"
    image   = "siderolabs/sbc-raspberrypi"
    options = { configTxtAppend = "dtoverlay=vc4-kms-v3d" }
  }
}

# All known at plan, without network.
output "schematic_id" {
  value = talos_image_schematic.vm.id
}

output "installer_image" {
  value = talos_image_schematic.vm.installer_image
}

output "iso_url" {
  value = talos_image_schematic.vm.iso_url
}
