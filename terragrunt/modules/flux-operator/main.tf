provider "flux" {
  cluster_name = var.cluster_name

  kubernetes = {
    kubeconfig = var.kubeconfig
  }
}

resource "flux_operator" "this" {
  version          = var.flux_operator_version
  namespace        = var.namespace
  namespace_labels = var.namespace_labels
  source           = var.artifact == null ? null : { oci = var.artifact }
  env              = var.env
  tolerations      = var.tolerations
}
