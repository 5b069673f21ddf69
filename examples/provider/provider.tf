terraform {
  # Write-only attributes and ephemeral resources came with 1.11, in Terraform and in OpenTofu.
  required_version = ">= 1.11"

  required_providers {
    talos = { source = "home-ops/talos-stack" }
  }
}

variable "client_configuration" {
  description = "Output of the stage that made the secrets."
  type        = any
  sensitive   = true
  default     = {}
}

# The local name is the family of the types that a module uses. Everything in the block is optional;
# nothing is called before a resource needs it.
provider "talos" {
  cluster_name = "cluster-101"

  talos = {
    client_configuration = var.client_configuration
  }

  image_factory = {
    url = "https://factory.talos.dev"
  }
}
