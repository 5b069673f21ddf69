//! The stage tree under terragrunt, with the built plugin and nothing from outside.
//!
//! * [`Tree`] is the folder of stages, the checkout's own or a copy that a test may edit.
//! * [`Runner`] is a generation of terragrunt with the core that it runs.

mod mirror;
mod runner;
mod tree;

pub use mirror::{beside, install, plugin};
pub use runner::Runner;
pub use tree::{Stage, Tree, checkout};
