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

output "merged" {
  value = provider::talos::machine_config_merge(local.config, [
    yamlencode({ machine = { nodeLabels = { zone = "a" } } }),
    yamlencode({ machine = { sysctls = { "$patch" = "delete" } } }),
  ], "v1.12.6")
}
