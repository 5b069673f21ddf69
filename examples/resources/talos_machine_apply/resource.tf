resource "talos_secrets" "cluster" {
  talos_version = "v1.12.6"
}

data "talos_machine_config" "controlplane" {
  cluster_name       = "cluster-101"
  cluster_endpoint   = "https://cp01.invalid:6443"
  machine_type       = "controlplane"
  talos_version      = "v1.12.6"
  kubernetes_version = "1.35.6"
  machine_secrets    = talos_secrets.cluster.machine_secrets
}

resource "talos_machine_apply" "cp01" {
  node                  = "cp01"
  endpoints             = ["cp01.invalid", "cp01-alt.invalid"]
  client_configuration  = talos_secrets.cluster.client_configuration
  machine_configuration = data.talos_machine_config.controlplane.machine_configuration

  config_patches = [
    <<-EOT
      apiVersion: v1alpha1
      kind: HostnameConfig
      auto: off
      hostname: cp01
    EOT
  ]

  # Live where Talos can; a change that needs a reboot is an error then, at plan.
  mode = "no_reboot"

  timeouts = {
    create = "15m"
  }
}
