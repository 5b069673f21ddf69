//! What machines have come to, for who wants to know how soon a client saw it.
//!
//! `milestones.jsonl` beside the machines: a line `{"time": …, "machine": …, "reached": …}` whenever one comes to
//! something; `time` is the real clock's, in milliseconds since 1970.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::PoisonError;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::Fleet;
use crate::talos::life::Rack;
use crate::talos::machine::{Door, Machine};

/// What each machine is at now, by its name in the world.
pub(super) type Reached = BTreeMap<String, BTreeSet<&'static str>>;

/// Writes what is new since the last look.
pub(super) fn note(fleet: &Fleet) {
    let Some(folder) = &fleet.settings.folder else {
        return;
    };
    // Held while it is written, so that lines come in the order of the changes.
    let mut before = fleet.reached.lock().unwrap_or_else(PoisonError::into_inner);
    let now = fleet.look(reached);
    let lines = fresh(&before, &now);
    if !lines.is_empty() {
        // Nobody may be interested; the lab goes on without.
        let _ = write(&folder.join("milestones.jsonl"), &lines);
    }
    *before = now;
}

/// What is in `now` and was not `before`: machine and milestone.
fn fresh<'a>(before: &Reached, now: &'a Reached) -> Vec<(&'a str, &'static str)> {
    let new = |machine: &str, what: &str| {
        before
            .get(machine)
            .is_none_or(|earlier| !earlier.contains(what))
    };
    let all = now
        .iter()
        .flat_map(|(machine, at)| at.iter().map(move |what| (machine.as_str(), *what)));
    all.filter(|(machine, what)| new(machine, what)).collect()
}

fn reached(rack: &Rack) -> Reached {
    let machines = rack.machines.values();
    machines
        .map(|machine| (machine.hardware.name.clone(), milestones(rack, machine)))
        .collect()
}

fn milestones(rack: &Rack, machine: &Machine) -> BTreeSet<&'static str> {
    let Some(run) = &machine.run else {
        return BTreeSet::new();
    };
    let node = rack.nodes.get(&machine.hardware.uuid);
    let node = node.copied().unwrap_or_default();
    let votes = || {
        let data = machine.etcd_data().filter(|_| run.etcd);
        data.is_some_and(|data| !data.is_learner())
    };
    let all = [
        ("maintenance", run.door == Door::Maintenance),
        ("api", run.door == Door::Api),
        ("etcd voter", votes()),
        ("kubernetes api", node.api_server),
        ("node ready", node.ready),
    ];
    let true_ones = all.into_iter().filter(|(_, holds)| *holds);
    true_ones.map(|(what, _)| what).collect()
}

fn write(path: &Path, lines: &[(&str, &str)]) -> std::io::Result<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let time = since.map_or(0, |since| since.as_millis());
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    for (machine, reached) in lines {
        let line = json!({ "time": time, "machine": machine, "reached": reached });
        writeln!(file, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(what: &[&'static str]) -> Reached {
        [("cp".to_owned(), what.iter().copied().collect())].into()
    }

    #[test]
    fn what_comes_again_is_told_again() {
        let (nothing, first, both) = (at(&[]), at(&["api"]), at(&["api", "etcd voter"]));
        assert_eq!(fresh(&Reached::new(), &first), [("cp", "api")]);
        assert_eq!(fresh(&first, &both), [("cp", "etcd voter")]);
        assert!(fresh(&both, &nothing).is_empty());
        assert_eq!(fresh(&nothing, &first), [("cp", "api")]);
    }
}
