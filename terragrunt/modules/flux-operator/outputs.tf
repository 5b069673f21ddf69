output "namespace" {
  description = "Namespace of the operator: the instance belongs there."
  value       = flux_operator.this.namespace
}
