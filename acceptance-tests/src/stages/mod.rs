//! The stage tree under terragrunt, with the built plugin and nothing from outside.
//!
//! * [`Tree`] is the folder of stages, the checkout's own or a copy that a test may edit.
//! * [`Runner`] is a generation of terragrunt with the core that it runs.
//! * [`Planned`] is a plan of a stage.

mod mirror;
mod planned;
mod runner;
mod said;
mod tree;

pub use mirror::{beside, install, lay_out, plugin};
pub use planned::Planned;
pub use runner::Runner;
pub use said::{flat, said, succeeded};
pub use tree::{Stage, Tree, checkout};
