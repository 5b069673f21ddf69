import {
  to = talos_bootstrap.cluster
  identity = {
    control_planes = "cp01=10.0.0.11,cp02=10.0.0.12,cp03=10.0.0.13"
  }
}
