//! Harness of the acceptance tests: the real tools, real Talos machines, and the lab for what cannot run here.
//!
//! * [`tools`] finds terraform, tofu, terragrunt, talosctl and the parts of Talos and Kubernetes, or builds them.
//! * [`stages`] runs the stage tree under terragrunt with the built plugin.
//! * [`roots`] runs small root modules that a test writes itself, [`subject`] judges what faults come to in them.
//! * [`secrecy`] looks for secrets in everything that a run tells.
//! * [`control_plane`] runs a real Kubernetes API, and the real Flux beside it, as processes.
//! * [`machines`] runs real Talos machines in namespaces of this host.
//! * [`worlds`] are saved clusters that the stages made, to start tests from.
//! * [`lab`] is the lab, a simulated Proxmox VE with machines, and the stages on it.
//! * [`network`] is where commands run that want to reach the machines.
//! * [`talosctl`] is the official client, as judge of ours.
//! * [`skip`] counts tests that cannot run here.
//!
//! What is expensive is kept in [`cache`], outside the checkout.

pub mod cache;
pub mod control_plane;
pub mod lab;
pub mod machines;
pub mod network;
pub mod progress;
pub mod roots;
pub mod secrecy;
pub mod skip;
pub mod stages;
pub mod subject;
pub mod talosctl;
pub mod tools;
pub mod worlds;
