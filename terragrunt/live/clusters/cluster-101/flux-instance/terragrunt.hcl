include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  cluster  = read_terragrunt_config(find_in_parent_folders("cluster.hcl")).locals
  key_file = get_env("SOPS_AGE_KEY_FILE", "")
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

dependency "operator" {
  config_path = "../flux-operator"

  mock_outputs = {
    namespace = "flux-system"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs_merge_strategy_with_state  = "shallow"
}

inputs = {
  cluster_name   = local.cluster.cluster_name
  kubeconfig     = dependency.bootstrap.outputs.kubeconfig
  namespace      = dependency.operator.outputs.namespace
  flux_version   = local.cluster.flux_version
  git_repository = get_env("TALOS_STACK_GIT_URL", local.cluster.git_repository)
  git_branch     = local.cluster.git_branch
  git_path       = get_env("TALOS_STACK_GIT_PATH", local.cluster.git_path)
  # Without a key file the plan stands on a placeholder, which apply refuses.
  sops_age_key = local.key_file == "" ? "mock" : file(local.key_file)
}
