variable "kubeconfig" {
  description = "Output of the bootstrap stage."
  type        = string
  sensitive   = true
  default     = "mock"
}

# A module that has only flux_* types names the provider `flux` and needs no `provider` here.
resource "flux_operator" "this" {
  provider = talos
  version  = "0.58.1"

  namespace_labels = { "pod-security.kubernetes.io/enforce" = "privileged" }

  # Until the network is up, the API server is reached at its own address.
  env = {
    KUBERNETES_SERVICE_HOST = "10.101.0.10"
    KUBERNETES_SERVICE_PORT = "6443"
  }
  tolerations = [
    { key = "node-role.kubernetes.io/control-plane", operator = "Exists", effect = "NoSchedule" },
  ]
  resources = {
    requests = { cpu = "100m", memory = "64Mi" }
  }

  # What has no attribute is a patch of the manifests.
  patches = [{
    target = { kind = "Deployment" }
    patch  = <<-YAML
      spec:
        template:
          spec:
            priorityClassName: system-cluster-critical
    YAML
  }]

  kubernetes = { kubeconfig = var.kubeconfig }

  timeouts = { create = "10m" }
}

output "namespace" {
  value = flux_operator.this.namespace
}
