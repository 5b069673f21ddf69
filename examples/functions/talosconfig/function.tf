variable "client_configuration" {
  description = "Output of the stage that made the secrets."
  type        = any
  sensitive   = true
  default     = { ca_certificate = "mock-ca", client_certificate = "mock-certificate", client_key = "mock-key" }
}

output "talosconfig" {
  value     = provider::talos::talosconfig(var.client_configuration, "cluster-101", ["10.101.0.11", "10.101.0.12"], [])
  sensitive = true
}
