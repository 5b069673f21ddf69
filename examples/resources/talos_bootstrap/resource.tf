variable "client_configuration" {
  description = "Output of the secrets stage."
  type        = any
  default     = { ca_certificate = "mock-ca", client_certificate = "mock-cert", client_key = "mock-key" }
}

resource "talos_bootstrap" "cluster" {
  # All of them: nothing is bootstrapped while one could already be an etcd member.
  control_planes = {
    cp01 = ["cp01.invalid"]
    cp02 = ["cp02.invalid"]
    cp03 = ["cp03.invalid"]
  }
  client_configuration = var.client_configuration

  wait_for = {
    etcd_members = "all"
    api_server   = true
  }

  timeouts = {
    create = "15m"
  }
}

output "cluster_ready" {
  value = talos_bootstrap.cluster.cluster_ready
}
