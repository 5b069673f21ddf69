//! Real Talos machines on this host, without a container engine.
//!
//! A [`Rack`] is a network of its own (a network and a process-id namespace, a bridge, a registry with the images of
//! Kubernetes) and the machines in it. Each machine is Talos's own init as first process of its own namespaces, on a
//! read-only root, with its disks as folders outside: a machine that is killed comes back with what it had.
//! Racks do not see each other nor the host's network; commands get in by [`Rack::command`].
//!
//! Nothing outlives the process that started the rack, however it ends: the rack's first process reads a pipe whose
//! other end only the owner holds, and the kernel ends all processes of a namespace with its first one.
//!
//! What Talos cannot show in a container it cannot show here: install, disks, upgrade, kernel arguments, a reboot that
//! is asked for. A reboot that a configuration brings about (apply mode `reboot`) it does by ending; the rack switches
//! a machine that ended by itself on again.
//!
//! The kernel is the host's. Sysctls outside `net.` are not a machine's own: what a configuration sets there, and the
//! few that Talos sets by itself (`kernel.panic`, `kernel.panic_on_oops`, `vm.overcommit_memory` …), stay set.

mod available;
mod boot;
mod cgroups;
mod dirs;
mod error;
mod holder;
mod images;
mod machine;
mod namespaces;
mod packages;
pub mod patches;
mod power;
mod rack;
mod registry;
mod rootfs;
mod spec;
mod state;
mod watch;
mod worlds;

pub use available::{Why, available};
pub use error::RackError;
pub use machine::Machine;
pub use packages::install_missing;
pub use rack::Rack;
pub use spec::{PREFIX, RACK_ADDRESS, REGISTRY, RackSpec, SUBNET};
