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

output "verdict" {
  value = provider::talos::machine_config_validate(local.config, "metal", "v1.12.6")
}
