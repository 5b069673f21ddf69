//! The Terraform plugin protocol with no infrastructure in it.
