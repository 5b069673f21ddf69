terraform {
  required_version = ">= 1.11"

  required_providers {
    talos = {
      source = "home-ops/talos-stack"
    }
  }
}
