locals {
  config = <<-EOT
    version: v1alpha1
    machine:
      type: worker
      token: abcdef.0123456789abcdef
      sysctls:
        net.core.somaxconn: "65535"
    cluster:
      controlPlane:
        endpoint: https://10.101.0.10:6443
  EOT
}

# One entry: machine.sysctls, net.core.somaxconn, from 65535 to 4096.
output "difference" {
  value = provider::talos::machine_config_diff(local.config, replace(local.config, "65535", "4096"))
}
