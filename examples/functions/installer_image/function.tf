locals {
  schematic_id = provider::talos::schematic_id("customization: {}")
}

# factory.talos.dev/nocloud-installer/376567…:v1.12.6
output "installer_image" {
  value = provider::talos::installer_image(local.schematic_id, "v1.12.6", "nocloud")
}
