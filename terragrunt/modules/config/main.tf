provider "talos" {
  cluster_name = var.cluster_name
}

locals {
  roles = toset([for node in var.nodes : node.machine_type])

  # Layers of a role, in this order: the installer of the image, layers/all.yaml, layers/<role>.yaml. Files that are not there
  # are not layers.
  install = var.installer_image == null ? [] : [
    { name = "installer", patches = [yamlencode({ machine = { install = { image = var.installer_image } } })] }
  ]
  files = {
    for role in local.roles : role => [
      for name in ["all", role] : { name = name, patches = [file("${var.layers_dir}/${name}.yaml")] }
      if fileexists("${var.layers_dir}/${name}.yaml")
    ]
  }

  # layers/manifests/<name>.yaml: applied by the control planes as soon as Kubernetes answers.
  manifests = [
    for path in sort(fileset(var.layers_dir, "manifests/*.yaml")) :
    { name = trimsuffix(basename(path), ".yaml"), contents = file("${var.layers_dir}/${path}") }
  ]
  manifest_layers = length(local.manifests) == 0 ? [] : [
    { name = "manifests", patches = [yamlencode({ cluster = { inlineManifests = local.manifests } })] }
  ]

  layers = {
    for role in local.roles : role => concat(
      local.install, local.files[role], role == "controlplane" ? local.manifest_layers : []
    )
  }

  # layers/nodes/<node>.yaml, or else layers/node.yaml.tftpl with the values of the node.
  template = "${var.layers_dir}/node.yaml.tftpl"
  node_patches = {
    for name, node in var.nodes : name => (
      fileexists("${var.layers_dir}/nodes/${name}.yaml") ? file("${var.layers_dir}/nodes/${name}.yaml") :
      fileexists(local.template) ? templatefile(local.template, merge(node.values, { name = name, machine_type = node.machine_type })) : ""
    )
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
