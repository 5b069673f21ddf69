include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  cluster = read_terragrunt_config(find_in_parent_folders("cluster.hcl")).locals
}

dependency "artifacts" {
  config_path = "../artifacts"

  mock_outputs = {
    talos_image_id = "mock:iso/talos.iso"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs_merge_strategy_with_state  = "shallow"
}

inputs = {
  cluster_name   = local.cluster.cluster_name
  nodes          = local.cluster.nodes
  nameservers    = local.cluster.nameservers
  vm_storage     = local.cluster.vm_storage
  image_storage  = local.cluster.image_storage
  talos_image_id = dependency.artifacts.outputs.talos_image_id
}
