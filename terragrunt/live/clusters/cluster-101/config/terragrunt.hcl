include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  cluster = read_terragrunt_config(find_in_parent_folders("cluster.hcl")).locals
}

dependency "secrets" {
  config_path = "../secrets"

  mock_outputs = {
    machine_secrets      = {}
    client_configuration = { ca_certificate = "mock-ca", client_certificate = "mock-cert", client_key = "mock-key" }
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs_merge_strategy_with_state  = "shallow"
}

dependency "artifacts" {
  config_path = "../artifacts"

  mock_outputs = {
    installer_image = "mock.invalid/installer:mock"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs_merge_strategy_with_state  = "shallow"
}

inputs = {
  cluster_name         = local.cluster.cluster_name
  cluster_endpoint     = local.cluster.cluster_endpoint
  talos_version        = local.cluster.talos_version
  kubernetes_version   = local.cluster.kubernetes_version
  nodes                = local.cluster.nodes
  installer_image      = dependency.artifacts.outputs.installer_image
  layers_dir           = "${get_terragrunt_dir()}/layers"
  machine_secrets      = dependency.secrets.outputs.machine_secrets
  client_configuration = dependency.secrets.outputs.client_configuration
}
