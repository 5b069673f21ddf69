# The UID of the cluster: kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'
terraform import talos_bootstrap_manifests.before_flux 7c2f3f3e-7e3c-4d5a-9d5b-0d8c1d1e4a52
