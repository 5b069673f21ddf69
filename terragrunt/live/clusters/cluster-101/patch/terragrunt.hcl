include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  cluster = read_terragrunt_config(find_in_parent_folders("cluster.hcl")).locals
}

dependency "config" {
  config_path = "../config"

  mock_outputs = {
    cluster_endpoint     = "https://cluster.invalid:6443"
    client_configuration = { ca_certificate = "mock-ca", client_certificate = "mock-cert", client_key = "mock-key" }
    machine_secrets      = {}
    machine_config_bases = { controlplane = "mock", worker = "mock" }
    machine_configs      = { for name, node in local.cluster.nodes : name => { machine_type = node.machine_type, config_patch = "" } }
    all_node_ips         = { for name, node in local.cluster.nodes : name => ["${name}.invalid"] }
    control_plane_ips    = { for name, node in local.cluster.nodes : name => ["${name}.invalid"] if node.machine_type == "controlplane" }
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan", "destroy"]
  mock_outputs_merge_strategy_with_state  = "shallow"
}

dependencies {
  paths = ["../apply"]
}

inputs = {
  cluster_name         = local.cluster.cluster_name
  client_configuration = dependency.config.outputs.client_configuration
  machine_configs      = dependency.config.outputs.machine_configs
  all_node_ips         = dependency.config.outputs.all_node_ips
  patches_dir          = "${get_terragrunt_dir()}/patches"
}
