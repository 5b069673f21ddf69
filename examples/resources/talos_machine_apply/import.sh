# node=address
terraform import talos_machine_apply.cp01 cp01=10.0.0.11
