# Shared by every stage: where state lives, and what a stage may assume about its cluster.

locals {
  stage = basename(get_terragrunt_dir())
  # State stands outside terragrunt's cache, which people delete.
  state_dir = get_env("TALOS_STACK_STATE_DIR", "${get_parent_terragrunt_dir()}/.state")
}

remote_state {
  backend = "local"
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
  config = {
    path = "${local.state_dir}/${path_relative_to_include()}/terraform.tfstate"
  }
}

terraform {
  source = "${get_parent_terragrunt_dir()}/modules//${local.stage}"

  # Each stage writes its own lock file; a provider built from this checkout changes with every build.
  copy_terraform_lock_file = false

  # Stages that start side by side trip over each other in terragrunt's shared cache, where a provider of a mirror is a link.
  extra_arguments "no_shared_cache" {
    commands = ["init"]
    env_vars = { TF_PLUGIN_CACHE_DIR = "" }
  }
}
