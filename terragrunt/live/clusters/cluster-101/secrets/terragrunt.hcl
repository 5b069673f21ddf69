include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  cluster = read_terragrunt_config(find_in_parent_folders("cluster.hcl")).locals
}

# The secrets outlive the cluster: `run --all destroy` leaves this stage alone.
exclude {
  if      = true
  actions = ["destroy"]
}

inputs = {
  cluster_name  = local.cluster.cluster_name
  talos_version = local.cluster.talos_version
}
