//! The list: one machine from maintenance mode to etcd.

mod applied;
mod ask;
mod bootstrapped;
mod configured;
mod credentials;
mod maintenance;
mod resources;

use crate::{Site, Step};

/// Everything that a machine is asked, in order.
pub fn steps(site: &Site) -> Vec<Step> {
    let mut steps = maintenance::steps(site);
    steps.extend(configured::steps(site));
    steps.extend(resources::steps());
    steps.extend(credentials::steps(site));
    steps.extend(applied::steps(site));
    steps.extend(bootstrapped::steps(site));
    steps
}
