# cluster/user; the next apply mints a new certificate
terraform import talos_kubeconfig.admin cluster-101/admin
