variable "machine_secrets" {
  description = "Output of the stage that made the secrets."
  type        = any
  sensitive   = true
  default     = {}
}

# For `talosctl gen config --with-secrets`.
output "secrets_yaml" {
  value     = provider::talos::secrets_yaml(var.machine_secrets)
  sensitive = true
}
