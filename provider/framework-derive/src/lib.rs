//! Derives a Terraform schema and codec from a Rust struct.
