# By its volume. What was imported is not removed with the resource.
terraform import proxmox_talos_image.iso resources:iso/talos-v1.12.6-nocloud-amd64-376567988ad3.iso
