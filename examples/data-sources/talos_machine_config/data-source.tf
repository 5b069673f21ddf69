resource "talos_secrets" "cluster" {
  talos_version = "v1.12.6"
}

resource "talos_image_schematic" "vm" {
  talos_version = "v1.12.6"
  extensions    = ["siderolabs/qemu-guest-agent"]
}

# One base per role; what is special about a machine is a small patch in a later stage.
data "talos_machine_config" "base" {
  for_each = toset(["controlplane", "worker"])

  cluster_name       = "cluster-101"
  cluster_endpoint   = "https://10.101.0.10:6443"
  machine_type       = each.key
  talos_version      = "v1.12.6"
  kubernetes_version = "1.35.6"
  machine_secrets    = talos_secrets.cluster.machine_secrets

  install = {
    disk  = "/dev/vda"
    image = talos_image_schematic.vm.installer_image
  }

  # A patch that Talos would refuse is an error that names the layer, the document and the path.
  layers = [
    {
      name = "network"
      patches = [<<-EOT
        machine:
          kubelet:
            nodeIP:
              validSubnets:
                - 10.101.0.0/24
      EOT
      ]
    },
    {
      name = "kernel"
      patches = [yamlencode({
        machine = { sysctls = { "net.core.somaxconn" = "65535" } }
      })]
    },
  ]
}

# What a plan shows for review: every document, secrets left out.
output "review" {
  value = { for role, config in data.talos_machine_config.base : role => config.redacted }
}

# What the next stage gets: small enough for an environment variable, free of template signs.
output "machine_config_bases" {
  value     = { for role, config in data.talos_machine_config.base : role => base64gzip(config.machine_configuration) }
  sensitive = true
}
