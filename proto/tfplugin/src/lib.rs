//! Terraform's plugin protocol 6 and go-plugin services.
