//! A real Kubernetes control plane as processes on 127.0.0.1, and the real Flux beside it.
//!
//! * [`ControlPlane`] is etcd and kube-apiserver with certificates of its own, and the controllers where a test wants them.
//! * [`Flux`] plays the kubelet for three images: the operator and two controllers run as processes while nodes are kwok's.
//! * [`GitHost`] serves a repository over HTTP with git's own backend.
//!
//! Nothing leaves this computer, and everything ends with its value.

mod certificates;
mod flux;
mod git;
mod process;
mod server;

pub use flux::{Flux, operator_manifests};
pub use git::GitHost;
pub use server::ControlPlane;

use crate::tools::{Tool, find};

/// What an API server needs.
pub const SERVER: &[Tool] = &[Tool::Etcd, Tool::KubeApiserver, Tool::Kubectl];

/// What Flux needs beside it.
pub const FLUX: &[Tool] = &[
    Tool::Etcd,
    Tool::KubeApiserver,
    Tool::Kubectl,
    Tool::KubeControllerManager,
    Tool::KubeScheduler,
    Tool::Kwok,
    Tool::FluxOperator,
    Tool::SourceController,
    Tool::KustomizeController,
];

/// Why these tools cannot be run here, where they cannot: `cargo xtask tools` builds what is missing.
pub fn missing(tools: &[Tool]) -> Option<String> {
    let missing: Vec<String> = tools
        .iter()
        .filter(|tool| find(**tool).is_none())
        .map(|tool| tool.recipe().title())
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "{} not built; cargo xtask tools builds it",
            missing.join(", ")
        )
    })
}
