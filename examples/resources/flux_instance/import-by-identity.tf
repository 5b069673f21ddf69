import {
  to = flux_instance.this
  identity = {
    namespace = "flux-system"
  }
}
