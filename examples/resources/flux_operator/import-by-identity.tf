import {
  to = flux_operator.this
  identity = {
    namespace = "flux-system"
  }
}
