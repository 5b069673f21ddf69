//! What a rack is asked to be.

use std::path::PathBuf;

/// Network of every rack; racks do not see each other, so all use the same. It avoids the default service
/// (10.96.0.0/12) and pod (10.244.0.0/16) subnets: an address inside those is left out of Talos's certificates.
pub const SUBNET: &str = "10.5.0";
/// Prefix length of [`SUBNET`].
pub const PREFIX: u8 = 24;
/// Address of the rack itself: gateway of the machines, and where commands inside the rack call from.
pub const RACK_ADDRESS: &str = "10.5.0.1";
/// Where the machines find container images (plain HTTP).
pub const REGISTRY: &str = "10.5.0.1:5000";
const FIRST_MACHINE: usize = 11;
const MOST_MACHINES: usize = 200;

/// A rack before it is started.
#[derive(Clone, Debug)]
pub struct RackSpec {
    pub(super) machines: Vec<String>,
    pub(super) dir: Option<PathBuf>,
    pub(super) world: Option<String>,
    pub(super) cni: bool,
}

impl RackSpec {
    /// `count` machines called cp1, cp2 … with the addresses 10.5.0.11, 10.5.0.12 …
    pub fn new(count: usize) -> Self {
        Self::named((1..=count.min(MOST_MACHINES)).map(|number| format!("cp{number}")))
    }

    /// One machine for each name, with addresses in that order.
    pub fn named(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            machines: names.into_iter().map(Into::into).collect(),
            dir: None,
            world: None,
            cni: true,
        }
    }

    /// Keeps the rack's state in `dir`, from where a later rack of the same machines goes on.
    /// Without it the state is temporary.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Leaves nodes NotReady, as they are before a cluster's own network is installed.
    ///
    /// Otherwise each machine has a network configuration that makes the kubelet report Ready. Pods in the host's
    /// network run with it, others do not: there are no plugins behind it.
    #[must_use]
    pub fn without_cni(mut self) -> Self {
        self.cni = false;
        self
    }

    /// Starts from the disks that were saved under `name` (see `Rack::save`).
    #[must_use]
    pub fn from_world(mut self, name: impl Into<String>) -> Self {
        self.world = Some(name.into());
        self
    }
}

/// Address of the machine at `index`, counted from 0.
pub(super) fn address(index: usize) -> String {
    format!("{SUBNET}.{}", FIRST_MACHINE + index)
}

#[cfg(test)]
mod tests {
    use super::{RackSpec, address};

    #[test]
    fn machines_are_numbered_from_eleven() {
        assert_eq!(RackSpec::new(2).machines, ["cp1", "cp2"]);
        assert_eq!(address(0), "10.5.0.11");
        assert_eq!(address(2), "10.5.0.13");
    }
}
