include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  cluster = read_terragrunt_config(find_in_parent_folders("cluster.hcl")).locals
  # A mirror of the published manifests.
  artifact = get_env("TALOS_STACK_OPERATOR_SOURCE", "")
}

dependency "bootstrap" {
  config_path = "../bootstrap"

  mock_outputs = {
    kubeconfig    = "mock"
    cluster_ready = true
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs_merge_strategy_with_state  = "shallow"
}

inputs = {
  cluster_name          = local.cluster.cluster_name
  kubeconfig            = dependency.bootstrap.outputs.kubeconfig
  flux_operator_version = local.cluster.flux_operator_version
  artifact              = local.artifact == "" ? null : local.artifact
}
