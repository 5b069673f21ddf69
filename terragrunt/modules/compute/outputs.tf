output "node_ips" {
  description = "First address of each family by machine, as the seed sets them."
  value = {
    for name, vm in proxmox_talos_vm.node : name => {
      public_ipv4 = try([for address in var.nodes[name].interfaces.net0.addresses : split("/", address)[0] if !strcontains(address, ":")][0], null)
      public_ipv6 = try([for address in var.nodes[name].interfaces.net0.addresses : split("/", address)[0] if strcontains(address, ":")][0], null)
    }
  }
}

output "vm_names" {
  description = "Names of the machines."
  value       = keys(proxmox_talos_vm.node)
}

output "vm_ids" {
  description = "vmid by machine."
  value       = { for name, vm in proxmox_talos_vm.node : name => vm.vmid }
}

output "mac_addresses" {
  description = "Hardware addresses by machine and interface."
  value       = { for name, vm in proxmox_talos_vm.node : name => vm.mac_addresses }
}
