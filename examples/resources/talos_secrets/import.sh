# The import id is the path of a file that `talosctl gen secrets` wrote.
terraform import talos_secrets.cluster secrets.yaml
