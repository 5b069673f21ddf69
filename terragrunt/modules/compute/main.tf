provider "talos" {
  cluster_name = var.cluster_name

  proxmox = {
    max_parallel = var.max_parallel
  }
}

resource "proxmox_talos_vm" "node" {
  provider = talos
  for_each = var.nodes

  name    = each.key
  node    = each.value.host
  vmid    = each.value.vmid
  tags    = ["talos", var.cluster_name, each.value.machine_type]
  on_boot = true

  bios          = "ovmf"
  machine       = "q35"
  scsi_hardware = "virtio-scsi-single"

  cpu      = { type = "host", sockets = 1, cores = each.value.cores }
  memory   = { mib = each.value.memory_mib, balloon = 0 }
  efi_disk = { storage = var.vm_storage }
  vga      = { type = "std" }
  agent    = { enabled = true }

  disks = {
    scsi0 = {
      storage  = var.vm_storage
      size_gib = each.value.disk_gib
      cache    = "none"
      aio      = "io_uring"
      iothread = true
    }
  }

  nics = each.value.nics

  cdroms     = { ide0 = { volume = var.talos_image_id } }
  boot_order = ["scsi0", "ide0"]

  # Where the machine is found before it has a configuration.
  network_seed = {
    storage     = var.image_storage
    hostname    = each.key
    interfaces  = each.value.interfaces
    nameservers = var.nameservers
  }

  reboot_policy = var.reboot_policy
  on_destroy    = { force_stop = true }
}
