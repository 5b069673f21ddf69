//! Checks a configuration as `talosctl validate` does: everything that can be said without the
//! machine.

mod bgp;
mod bond;
mod cel;
mod cluster;
mod conflicts;
mod containers;
mod device;
mod documents;
mod encryption;
mod features;
mod images;
mod kubernetes;
mod labels;
mod links;
mod machine;
mod pem;
mod registries;
mod report;
mod storage;
mod subnets;
mod text;
mod view;
mod volumes;
mod whole;

pub use report::Report;

use crate::document::{Config, MAIN};
use report::Checks;
use view::View;

/// Where a configuration is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Physical or virtual machines that are installed on a disk.
    Metal,
    /// Images of cloud providers.
    Cloud,
    /// Containers.
    Container,
}

impl std::str::FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "metal" => Ok(Self::Metal),
            "cloud" => Ok(Self::Cloud),
            "container" => Ok(Self::Container),
            other => Err(format!(
                "'{other}' is not a mode: use metal, cloud or container"
            )),
        }
    }
}

/// Checks every document, and the main document against the others.
pub fn validate(config: &Config, mode: Mode) -> Report {
    let mut checks = Checks::new(config.line());
    let main = config
        .document(MAIN)
        .map(|document| View::of_map(document.body()));
    if let Some(main) = main {
        machine::check(main, mode, &mut checks);
    }
    for document in config
        .documents()
        .iter()
        .filter(|document| document.kind() != MAIN)
    {
        checks.enter(document.id());
        documents::check(document, &mut checks);
    }
    if let Some(main) = main {
        for document in config.documents() {
            checks.enter(document.id());
            conflicts::check(document, main, &mut checks);
        }
    }
    checks.leave();
    if config.line().from(14) {
        whole::check(config, mode, &mut checks);
    }
    checks.finish()
}

#[cfg(test)]
mod tests;
