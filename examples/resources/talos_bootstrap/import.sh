# name=address of each control plane, separated by commas
terraform import talos_bootstrap.cluster cp01=10.0.0.11,cp02=10.0.0.12,cp03=10.0.0.13
