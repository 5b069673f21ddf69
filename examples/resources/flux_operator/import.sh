# The namespace. The provider block must give access to the cluster.
terraform import flux_operator.this flux-system
