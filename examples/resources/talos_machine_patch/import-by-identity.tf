import {
  to = talos_machine_patch.cp01
  identity = {
    node    = "cp01"
    address = "10.0.0.11"
  }
}
