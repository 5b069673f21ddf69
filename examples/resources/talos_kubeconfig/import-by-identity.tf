import {
  to = talos_kubeconfig.admin
  identity = {
    cluster_name = "cluster-101"
    user         = "admin"
  }
}
