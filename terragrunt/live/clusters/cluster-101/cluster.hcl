# Three control planes and three workers on three Proxmox VE hosts, IPv6 first, with a VIP in front of the API.

locals {
  cluster_name     = "cluster-101"
  cluster_endpoint = "https://[fd00:101::10]:6443"

  talos_version         = "v1.12.6"
  kubernetes_version    = "1.35.6"
  flux_operator_version = "0.58.1"
  flux_version          = "2.7.5"

  # What Flux keeps the cluster in sync with.
  git_repository = "https://git.example.com/home-ops.git"
  git_branch     = "main"
  git_path       = "kubernetes/clusters/cluster-101"

  # Part of the image; a change is a new schematic, so that machines get it with their next upgrade.
  extensions  = ["siderolabs/bird2", "siderolabs/i915", "siderolabs/qemu-guest-agent"]
  kernel_args = ["console=ttyS0,115200", "talos.dashboard.disabled=1"]

  # Both are shared by all hosts.
  image_storage = "resources"
  vm_storage    = "rbd-vm"

  nameservers = ["fd00:101::fffe", "10.101.0.254"]

  hardware = {
    controlplane = { cores = 4, memory_mib = 8192, disk_gib = 40 }
    worker       = { cores = 6, memory_mib = 16384, disk_gib = 80 }
  }

  # Name to role, host and the number that its addresses, vmid and AS number end with.
  machines = {
    solcp01 = { machine_type = "controlplane", host = "pve01", number = 11 }
    solcp02 = { machine_type = "controlplane", host = "pve02", number = 12 }
    solcp03 = { machine_type = "controlplane", host = "pve03", number = 13 }
    solwk01 = { machine_type = "worker", host = "pve01", number = 21 }
    solwk02 = { machine_type = "worker", host = "pve02", number = 22 }
    solwk03 = { machine_type = "worker", host = "pve03", number = 23 }
  }

  nodes = {
    for name, machine in local.machines : name => merge(local.hardware[machine.machine_type], {
      machine_type = machine.machine_type
      host         = machine.host
      vmid         = 101000 + machine.number
      addresses    = ["fd00:101::${machine.number}", "10.101.0.${machine.number}"]

      # Workers have a second interface, a trunk for what runs on them.
      nics = merge(
        { net0 = { bridge = "vnet101", mtu = 1450 } },
        machine.machine_type == "worker" ? { net1 = { bridge = "vmbr0", mtu = 1500 } } : {},
      )
      interfaces = {
        net0 = {
          addresses = ["fd00:101::${machine.number}/64", "10.101.0.${machine.number}/24"]
          gateway4  = "10.101.0.254"
          gateway6  = "fd00:101::fffe"
          mtu       = 1450
        }
      }

      # For layers/node.yaml.tftpl.
      values = {
        number = tostring(machine.number)
        host   = machine.host
        asn    = tostring(4210101000 + machine.number)
      }
    })
  }
}
