provider "talos" {
  cluster_name = var.cluster_name
}

resource "talos_secrets" "cluster" {
  talos_version = var.talos_version
}
