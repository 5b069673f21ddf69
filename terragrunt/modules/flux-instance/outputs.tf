output "flux_ready" {
  description = "Whether Flux and its sync are ready, as observed."
  value       = flux_instance.this.ready
}

output "sync_path" {
  description = "Path in the repository."
  value       = flux_instance.this.sync_path
}
