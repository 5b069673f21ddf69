variable "client_configuration" {
  description = "Output of the stage that made the secrets."
  type        = any
  sensitive   = true
  default     = {}
}

variable "kubeconfig" {
  description = "Output of the bootstrap stage."
  type        = string
  sensitive   = true
  default     = "mock"
}

data "talos_health" "cluster" {
  control_planes = {
    cp01 = ["10.101.0.11", "fd00:101::11"]
    cp02 = ["10.101.0.12", "fd00:101::12"]
    cp03 = ["10.101.0.13", "fd00:101::13"]
  }
  workers = {
    worker01 = ["10.101.0.21"]
  }
  client_configuration = var.client_configuration
  level                = "kubernetes"

  # Left out, the machines themselves are asked what they know of their nodes.
  kubernetes = { kubeconfig = var.kubeconfig }
}

output "unhealthy" {
  value = {
    for name, check in data.talos_health.cluster.checks : name => check.message if !check.ok
  }
}
