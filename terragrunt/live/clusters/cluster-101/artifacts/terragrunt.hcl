include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  cluster = read_terragrunt_config(find_in_parent_folders("cluster.hcl")).locals
}

inputs = {
  cluster_name       = local.cluster.cluster_name
  talos_version      = local.cluster.talos_version
  kubernetes_version = local.cluster.kubernetes_version
  extensions         = local.cluster.extensions
  kernel_args        = local.cluster.kernel_args
  image_storage      = local.cluster.image_storage
}
