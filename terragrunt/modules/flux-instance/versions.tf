terraform {
  required_version = ">= 1.11"

  required_providers {
    flux = {
      source = "home-ops/talos-stack"
    }
  }
}
