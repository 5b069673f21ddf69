variable "kubeconfig" {
  description = "Output of the bootstrap stage."
  type        = string
  sensitive   = true
  default     = "mock"
}

resource "talos_bootstrap_manifests" "before_flux" {
  # In order of name: the namespace is there before what lives in it.
  manifests = {
    "10-namespace" = <<-YAML
      apiVersion: v1
      kind: Namespace
      metadata:
        name: network
        labels:
          pod-security.kubernetes.io/enforce: privileged
    YAML
    "20-settings"  = <<-YAML
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: cluster-settings
        namespace: network
      data:
        pod_cidr: 10.244.0.0/16
    YAML
  }

  # Created once; from then on they belong to Flux, or to whoever takes them.
  mode = "once"

  kubernetes = { kubeconfig = var.kubeconfig }
}
