# node=address; the imported resource owns nothing yet
terraform import talos_machine_patch.cp01 cp01=10.0.0.11
