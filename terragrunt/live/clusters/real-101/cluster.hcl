# Three control planes that run as processes on one Linux host: real Talos, real etcd, real Kubernetes.
# No VIP and no extension there, so the endpoint is the first machine.

locals {
  cluster_name       = "real-101"
  cluster_endpoint   = "https://10.5.0.11:6443"
  talos_version      = "v1.12.6"
  kubernetes_version = "1.35.6"

  nodes = {
    realcp01 = { machine_type = "controlplane", addresses = ["10.5.0.11"] }
    realcp02 = { machine_type = "controlplane", addresses = ["10.5.0.12"] }
    realcp03 = { machine_type = "controlplane", addresses = ["10.5.0.13"] }
  }
}
