variable "client_configuration" {
  description = "Output of the secrets stage."
  type        = any
  default     = { ca_certificate = "mock-ca", client_certificate = "mock-cert", client_key = "mock-key" }
}

resource "talos_machine_patch" "cp01" {
  node                 = "cp01"
  endpoints            = ["cp01.invalid"]
  client_configuration = var.client_configuration

  # A path that leaves this list gets back what was there before.
  patches = [
    yamlencode({
      machine = {
        nodeLabels = { "topology.kubernetes.io/zone" = "rack-1" }
        sysctls    = { "net.core.somaxconn" = "4096" }
      }
    }),
    <<-EOT
      machine:
        sysctls:
          vm.swappiness:
            $patch: delete
    EOT
  ]
}

# Paths and values that this resource owns on the machine.
output "owned" {
  value = talos_machine_patch.cp01.owned
}
