//! The world that the lab plays: its state, its clock, and what happens between requests.

mod clock;
mod fetch;
mod follow;
mod machines;
mod operate;
mod persist;
mod play;
mod random;
mod scenario;

pub use clock::Pace;
pub use machines::{Machines, NoMachines};
pub use operate::Switch;
pub use play::{Lab, Options};
pub use scenario::{AclPart, HostPart, Scenario, StoragePart, TokenPart, VmPart, VnetPart, World};

pub(crate) use fetch::fetch;
pub(crate) use random::Random;
