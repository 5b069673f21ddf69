provider "talos" {
  cluster_name = var.cluster_name

  talos = {
    client_configuration = var.client_configuration
  }
}

locals {
  # patches/all.yaml, patches/<role>.yaml, patches/nodes/<node>.yaml, in this order.
  patches = {
    for name, node in var.machine_configs : name => [
      for file in ["all", node.machine_type, "nodes/${name}"] :
      file("${var.patches_dir}/${file}.yaml") if fileexists("${var.patches_dir}/${file}.yaml")
    ]
  }
}

# One for every machine, patches or not: a machine that was looked at before shows old and new values in the plan.
resource "talos_machine_patch" "node" {
  for_each = local.patches

  node         = each.key
  endpoints    = var.all_node_ips[each.key]
  patches      = each.value
  mode         = var.mode
  allow_change = var.allow_change
  on_conflict  = var.on_conflict
}
