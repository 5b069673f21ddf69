provider "talos" {
  cluster_name = var.cluster_name
}

locals {
  roles = toset([for node in var.nodes : node.machine_type])

  # layers/all.yaml, layers/<role>.yaml: files that are not there are not layers.
  layers = {
    for role in local.roles : role => [
      for name in ["all", role] : {
        name    = name
        patches = [file("${var.layers_dir}/${name}.yaml")]
      } if fileexists("${var.layers_dir}/${name}.yaml")
    ]
  }

  # layers/nodes/<node>.yaml
  node_patches = {
    for name, node in var.nodes : name =>
    fileexists("${var.layers_dir}/nodes/${name}.yaml") ? file("${var.layers_dir}/nodes/${name}.yaml") : ""
  }

  control_planes = [for name, node in var.nodes : name if node.machine_type == "controlplane"]
}

data "talos_machine_config" "base" {
  for_each = local.roles

  cluster_name       = var.cluster_name
  cluster_endpoint   = var.cluster_endpoint
  machine_type       = each.key
  talos_version      = var.talos_version
  kubernetes_version = var.kubernetes_version
  machine_secrets    = var.machine_secrets
  layers             = local.layers[each.key]
}
