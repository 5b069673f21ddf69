output "schematic_id" {
  description = "Id of the schematic."
  value       = talos_image_schematic.this.id
}

output "installer_image" {
  description = "Installer image of this schematic and version."
  value       = talos_image_schematic.this.installer_image
}

output "talos_image_id" {
  description = "Volume of the boot image."
  value       = proxmox_talos_image.iso.file_id
}

output "talos_image_file_ids" {
  description = "Volume of the boot image by host; the same one where the storage is shared."
  value       = proxmox_talos_image.iso.file_ids
}

output "talos_image_file_name" {
  description = "File name of the boot image."
  value       = proxmox_talos_image.iso.file_name
}

output "talos_version" {
  description = "Talos version of the image."
  value       = var.talos_version
}

output "kubernetes_version" {
  description = "Kubernetes version of the cluster."
  value       = var.kubernetes_version
}
