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

variable "kubeconfig" {
  description = "Output of the stage that bootstrapped the cluster."
  type        = string
  sensitive   = true
  default     = "mock"
}

# The local name is what the types of a module begin with: `talos_` here; `proxmox_` and `flux_` take `provider = talos`.
# Everything in the block is optional; nothing is called before a resource needs it.
provider "talos" {
  cluster_name = "cluster-101"

  talos = {
    client_configuration = var.client_configuration
  }

  # The token comes from PROXMOX_VE_API_TOKEN.
  proxmox = {
    endpoint = "https://pve1.example.com:8006"
  }

  # For Flux and for manifests.
  kubernetes = {
    kubeconfig = var.kubeconfig
  }

  image_factory = {
    url = "https://factory.talos.dev"
  }
}
