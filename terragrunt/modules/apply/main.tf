provider "talos" {
  cluster_name = var.cluster_name

  talos = {
    client_configuration = var.client_configuration
  }
}

resource "talos_machine_apply" "node" {
  for_each = var.machine_configs

  node                  = each.key
  endpoints             = var.all_node_ips[each.key]
  machine_configuration = var.machine_config_bases[each.value.machine_type]
  config_patches        = each.value.config_patch == "" ? [] : [each.value.config_patch]
  mode                  = var.mode
  drift                 = var.drift
  allow_change          = var.allow_change
  on_conflict           = var.on_conflict
  disruption_group      = var.disruption_group
}
