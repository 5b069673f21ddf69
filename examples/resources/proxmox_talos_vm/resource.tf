resource "proxmox_talos_vm" "cp01" {
  provider = talos
  name     = "cp01"
  node     = "pve1"
  vmid     = 101011
  tags     = ["cluster-101", "talos"]
  on_boot  = true

  scsi_hardware = "virtio-scsi-single"
  cpu           = { type = "host", cores = 4 }
  memory        = { mib = 8192 }
  efi_disk      = { storage = "rbd-vm" }

  disks = {
    scsi0 = { storage = "rbd-vm", size_gib = 40, cache = "none", aio = "io_uring", iothread = true }
  }
  nics = {
    net0 = { bridge = "vnet101", mtu = 1450 }
  }
  cdroms = {
    ide0 = { volume = "resources:iso/talos-v1.12.6-nocloud-amd64-376567988ad3.iso" }
  }
  boot_order = ["scsi0", "ide0"]

  # Addresses before the machine has a configuration.
  network_seed = {
    storage  = "resources"
    hostname = "cp01"
    interfaces = {
      net0 = {
        addresses = ["10.101.0.11/24", "fd00:101::11/64"]
        gateway4  = "10.101.0.254"
        gateway6  = "fd00:101::fffe"
        mtu       = 1450
      }
    }
    nameservers = ["10.101.0.254"]
  }
}

output "talos_endpoints" {
  value = proxmox_talos_vm.cp01.talos_endpoints
}
