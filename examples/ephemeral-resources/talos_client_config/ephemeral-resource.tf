variable "machine_secrets" {
  description = "Output of the stage that made the secrets."
  type        = any
  sensitive   = true
  default     = {}
}

# A reader for ten minutes. Neither state nor plan keeps it.
ephemeral "talos_client_config" "reader" {
  machine_secrets = var.machine_secrets
  cluster_name    = "cluster-101"
  roles           = ["os:reader"]
  ttl             = "10m"
  endpoints       = ["10.101.0.11", "10.101.0.12", "10.101.0.13"]
}

# Ephemeral values may configure providers.
provider "talos" {
  alias = "reader"

  talos = {
    client_configuration = ephemeral.talos_client_config.reader.client_configuration
  }
}
