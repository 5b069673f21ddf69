provider "talos" {
  cluster_name = var.cluster_name

  talos = {
    client_configuration = var.client_configuration
  }
}

resource "talos_bootstrap" "cluster" {
  control_planes = var.control_plane_ips

  wait_for = {
    api_server = true
  }
}

resource "talos_kubeconfig" "admin" {
  cluster_name     = var.cluster_name
  cluster_endpoint = var.cluster_endpoint
  machine_secrets  = var.machine_secrets
}
