# The namespace. The provider block must give access to the cluster; secrets are not read back.
terraform import flux_instance.this flux-system
