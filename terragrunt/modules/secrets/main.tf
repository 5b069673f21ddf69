provider "talos" {
  cluster_name = var.cluster_name
}

resource "talos_secrets" "cluster" {
  talos_version = var.talos_version

  secrets_yaml_wo         = var.secrets_yaml
  secrets_yaml_wo_version = var.secrets_yaml_version
}
