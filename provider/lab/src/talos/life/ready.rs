//! What keeps a machine from being ready, and when it counts as running.
//! Upstream: `controllers/runtime/machine_status.go`.

use super::Rack;
use crate::talos::machine::{Key, Machine, Run, Service, Stage, What};

/// What is missing: name and reason. Empty where the stage asks for nothing.
pub(crate) fn unmet(rack: &Rack, machine: &Machine) -> Vec<(&'static str, String)> {
    let Some(run) = &machine.run else {
        return Vec::new();
    };
    if ![Stage::Booting, Stage::Running].contains(&run.stage) {
        return Vec::new();
    }
    let checks = [
        ("services", services(run)),
        ("staticPods", static_pods(rack, machine)),
        ("nodeReady", node(rack, machine)),
    ];
    let unmet = checks.into_iter().filter(|(_, reason)| !reason.is_empty());
    unmet.collect()
}

fn services(run: &Run) -> String {
    let mut required = vec!["apid", "machined", "kubelet"];
    if run.control_plane() {
        required.extend(["etcd", "trustd"]);
    }
    let known = run.services.iter().filter_map(|(name, service)| {
        match (service.running(), service.healthy) {
            (true, Some(false)) => Some(format!("{name} not healthy")),
            // Only those that run are known to the others.
            _ => None,
        }
    });
    let mut problems: Vec<String> = known.collect();
    for name in required {
        if !run.service_runs(name) {
            problems.push(format!("{name} not running"));
        }
    }
    problems.join(", ")
}

/// The static pods of a control plane: name and whether it is ready. None before the kubelet
/// runs them.
pub(crate) fn pods(rack: &Rack, machine: &Machine) -> Vec<(String, bool)> {
    let Some(run) = &machine.run else {
        return Vec::new();
    };
    let node = rack
        .nodes
        .get(&machine.hardware.uuid)
        .copied()
        .unwrap_or_default();
    let known = node.api_server || node.controller_manager || node.scheduler;
    if !run.control_plane() || !run.service_runs("kubelet") || !(run.etcd || known) {
        return Vec::new();
    }
    let pods = [
        ("kube-apiserver", node.api_server),
        ("kube-controller-manager", node.controller_manager),
        ("kube-scheduler", node.scheduler),
    ];
    let name = |pod: &str| format!("kube-system/{pod}-{}", machine.name());
    pods.map(|(pod, ready)| (name(pod), ready)).into()
}

fn static_pods(rack: &Rack, machine: &Machine) -> String {
    let pods = pods(rack, machine).into_iter();
    let problems = pods.filter(|(_, ready)| !ready);
    let problems: Vec<String> = problems
        .map(|(name, _)| format!("{name} not ready"))
        .collect();
    problems.join(", ")
}

fn node(rack: &Rack, machine: &Machine) -> String {
    if !machine.active().is_some_and(|config| config.registers()) {
        return String::new();
    }
    let name = machine.name();
    let node = rack
        .nodes
        .get(&machine.hardware.uuid)
        .copied()
        .unwrap_or_default();
    match (node.registered, node.ready) {
        (false, _) => format!("node \"{name}\" status is not available yet"),
        (true, false) => format!("node \"{name}\" is not ready"),
        (true, true) => String::new(),
    }
}

impl Rack {
    /// A boot is over when all services are up.
    pub(super) fn see_to_running(&mut self) {
        let done = |run: &Run| {
            let started = run.services.contains_key("cri");
            let up = |service: &Service| service.running() && service.healthy != Some(false);
            // A service with a health check is up once that has passed.
            let checked = |name: &str| {
                let service = run.services.get(name);
                service.is_none_or(|service| service.healthy == Some(true))
            };
            let checks = ["cri", "kubelet", "etcd", "apid", "trustd"];
            run.stage == Stage::Booting
                && run.up
                && !run.leaving
                && started
                && run.service_runs("apid")
                && run.services.values().all(up)
                && checks.iter().all(|name| checked(name))
        };
        let keys: Vec<Key> = self.machines.keys().cloned().collect();
        for key in keys {
            if self.run(&key).is_some_and(done) {
                self.enter(&key, Stage::Running);
            }
            let ready = self
                .machine(&key)
                .is_some_and(|machine| unmet(self, machine).is_empty());
            if let Some(run) = self.run_mut(&key).filter(|run| run.up) {
                let now = What::Stage(run.stage, ready);
                let last = run.events.iter().rev().find_map(|told| match told.what {
                    What::Stage(..) => Some(&told.what),
                    _ => None,
                });
                if last != Some(&now) {
                    run.tell("", now);
                }
            }
        }
    }
}
