# By its vmid. Attributes that the configuration does not set are left as they are.
terraform import proxmox_talos_vm.cp01 101011
