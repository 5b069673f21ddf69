//! Resources of the controllers inside Talos, as the state API shows them. They are worked out
//! from the machine anew after every change; what differs gets a new version and an event.

mod cluster;
mod kinds;
mod machine;
mod network;
mod query;
mod store;

pub(crate) use kinds::{Access, access};
pub(crate) use machine::platform_of;
pub(crate) use query::fits;
pub(crate) use store::{Change, ChangeKind, Store, definitions};

use serde_json::Value;

use crate::talos::life::Rack;
use crate::talos::machine::{Key, Machine};

/// A resource as it is worked out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub kind: &'static str,
    pub id: String,
    pub spec: Spec,
}

/// What a resource says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Spec {
    /// Written as YAML.
    Plain(Value),
    /// A configuration, whose form depends on the release.
    Config(std::sync::Arc<str>),
}

impl Content {
    pub(crate) fn new(kind: &'static str, id: &str, spec: Value) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            spec: Spec::Plain(spec),
        }
    }
}

/// Brings the resources of all machines up to date.
pub(crate) fn refresh(rack: &mut Rack) {
    let keys: Vec<Key> = rack.machines.keys().cloned().collect();
    let now = rack.now;
    for key in keys {
        let Some(machine) = rack.machine(&key) else {
            continue;
        };
        let up = machine.run.as_ref().is_some_and(|run| run.up);
        if !up {
            continue;
        }
        let contents = contents(rack, machine);
        let minor = minor(machine);
        if let Some(run) = rack.run_mut(&key) {
            run.store.put(contents, now, minor);
        }
    }
}

/// All resources of a machine.
fn contents(rack: &Rack, machine: &Machine) -> Vec<Content> {
    let mut all = machine::contents(rack, machine);
    all.extend(network::contents(machine));
    all.extend(cluster::contents(rack, machine));
    all
}

/// The minor number of the release that runs: 12 of v1.12.6.
pub(crate) fn minor(machine: &Machine) -> u32 {
    let version = machine.run.as_ref().map(|run| run.version.as_str());
    let number = version.and_then(|version| version.split('.').nth(1)?.parse().ok());
    number.unwrap_or(12)
}
