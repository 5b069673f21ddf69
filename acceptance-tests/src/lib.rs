//! Harness of the acceptance tests: the real tools and real Talos machines, no simulation.
//!
//! * [`tools`] finds terraform, tofu, terragrunt, talosctl and the parts of Talos and Kubernetes, or builds them.
//! * [`stages`] runs the stage tree under terragrunt with the built plugin.
//! * [`machines`] runs real Talos machines in namespaces of this host.
//! * [`talosctl`] is the official client, as judge of ours.
//! * [`skip`] counts tests that cannot run here.
//!
//! Both keep what is expensive in [`cache`], outside the checkout.

pub mod cache;
pub mod machines;
pub mod progress;
pub mod skip;
pub mod stages;
pub mod talosctl;
pub mod tools;
