import {
  to = talos_machine_apply.cp01
  identity = {
    node    = "cp01"
    address = "10.0.0.11"
  }
}
