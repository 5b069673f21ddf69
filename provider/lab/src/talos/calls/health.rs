//! The health check that a control plane runs over its cluster (`pkg/cluster/check`), as far as
//! the lab knows: it goes through the list in order and waits at each.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use futures::stream;
use proto_talos::cluster as api;
use tonic::Status;

use super::control_plane;
use crate::talos::api::{Reply, stream as answer};
use crate::talos::fleet::Fleet;
use crate::talos::life::{Rack, pods};
use crate::talos::machine::{Key, Machine, Stage};

/// Whom the check is about.
struct Members {
    control_planes: Vec<Key>,
    workers: Vec<Key>,
}

/// A check: empty where it passes, else what is missing.
type Check = fn(&Rack, &Members) -> String;

/// Checks in order, by the names that Talos prints.
const CHECKS: [(&str, Check); 8] = [
    ("etcd to be healthy", etcd_healthy),
    ("etcd members to be consistent across nodes", etcd_alike),
    ("etcd members to be control plane nodes", etcd_planes),
    ("apid to be ready", apid),
    ("kubelet to be healthy", kubelet),
    ("all nodes to finish boot sequence", running),
    ("all control plane static pods to be running", static_pods),
    ("all k8s nodes to report ready", nodes_ready),
];

/// How often a check looks again.
const AGAIN: Duration = Duration::from_millis(500);
/// How long it waits where nobody says.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

struct Going {
    key: Key,
    request: api::HealthCheckRequest,
    left: VecDeque<(&'static str, Check)>,
    said: String,
    until: tokio::time::Instant,
}

pub(crate) fn check(
    fleet: &Fleet,
    key: &Key,
    request: &api::HealthCheckRequest,
) -> Result<Reply, Status> {
    control_plane(fleet, key, "health check")?;
    let patience = request
        .wait_timeout
        .and_then(|time| u64::try_from(time.seconds).ok());
    let patience = patience
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs);
    let going = Going {
        key: key.clone(),
        request: request.clone(),
        left: CHECKS.into(),
        said: String::new(),
        until: tokio::time::Instant::now() + patience.unwrap_or(PATIENCE),
    };
    let fleet = fleet.shared();
    let lines = stream::unfold(Some(going), move |going| {
        let fleet = fleet.clone();
        async move {
            let mut going = going?;
            loop {
                let fleet = fleet.upgrade()?;
                let &(name, check) = going.left.front()?;
                let members = fleet.look(|rack| members(rack, &going));
                let missing = fleet.look(|rack| check(rack, &members));
                drop(fleet);
                let line = match missing.as_str() {
                    "" => {
                        going.left.pop_front();
                        format!("waiting for {name}: OK")
                    }
                    missing => format!("waiting for {name}: {missing}"),
                };
                if tokio::time::Instant::now() > going.until {
                    let status =
                        Status::unknown(format!("rpc error: {line}: context deadline exceeded"));
                    return Some((Err(status), None));
                }
                if line != going.said {
                    going.said.clone_from(&line);
                    let progress = api::HealthCheckProgress {
                        metadata: None,
                        message: line,
                    };
                    return Some((Ok(progress), Some(going)));
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    });
    Ok(answer(lines))
}

/// The machines that were named, or else those of the cluster.
fn members(rack: &Rack, going: &Going) -> Members {
    let info = going.request.cluster_info.clone().unwrap_or_default();
    let named = |texts: &[String]| {
        let addresses = texts.iter().filter_map(|text| text.parse::<IpAddr>().ok());
        let keys = addresses.filter_map(|address| rack.at_address(address).cloned());
        keys.collect::<Vec<Key>>()
    };
    if !info.control_plane_nodes.is_empty() {
        return Members {
            control_planes: named(&info.control_plane_nodes),
            workers: named(&info.worker_nodes),
        };
    }
    let id = |machine: &Machine| {
        machine
            .active()
            .map(|config| config.cluster_id().to_owned())
    };
    let own = rack.machine(&going.key).and_then(id);
    let all = rack
        .machines
        .iter()
        .filter(|(_, machine)| id(machine) == own);
    let (planes, workers): (Vec<_>, Vec<_>) =
        all.partition(|(_, machine)| machine.run.as_ref().is_some_and(|run| run.control_plane()));
    let keys = |list: Vec<(&Key, &Machine)>| list.into_iter().map(|(key, _)| key.clone()).collect();
    Members {
        control_planes: keys(planes),
        workers: keys(workers),
    }
}

/// Names of the machines of which something is not so.
fn without(rack: &Rack, keys: &[Key], holds: impl Fn(&Machine) -> bool) -> Vec<String> {
    let machines = keys.iter().filter_map(|key| rack.machine(key));
    let failing = machines.filter(|machine| !holds(machine));
    failing.map(|machine| machine.name().to_owned()).collect()
}

fn told(names: &[String], what: &str) -> String {
    match names {
        [] => String::new(),
        names => format!("{}: {what}", names.join(", ")),
    }
}

fn service(machine: &Machine, name: &str) -> bool {
    let service = machine.run.as_ref().and_then(|run| run.services.get(name));
    service.is_some_and(|service| service.running() && service.healthy == Some(true))
}

fn etcd_healthy(rack: &Rack, members: &Members) -> String {
    let failing = without(rack, &members.control_planes, |one| service(one, "etcd"));
    told(&failing, "service \"etcd\" not healthy")
}

fn etcd_alike(rack: &Rack, members: &Members) -> String {
    let lists = members.control_planes.iter().filter_map(|key| {
        let view = rack.etcd_local(key).ok()?;
        Some(view.data.members)
    });
    let mut lists: Vec<_> = lists.collect();
    lists.dedup();
    match lists.len() {
        0 | 1 => String::new(),
        _ => "expected all members to be the same".to_owned(),
    }
}

fn etcd_planes(rack: &Rack, members: &Members) -> String {
    let first = members.control_planes.first();
    let agreed = first.and_then(|key| rack.etcd_agreed(key).ok());
    let known = agreed.map(|view| view.data.members).unwrap_or_default();
    let planes: Vec<&str> = members
        .control_planes
        .iter()
        .filter_map(|key| rack.machine(key))
        .map(Machine::name)
        .collect();
    let strangers = known
        .iter()
        .filter(|one| !planes.contains(&one.name.as_str()));
    let strangers: Vec<String> = strangers.map(|one| one.name.clone()).collect();
    told(&strangers, "not a control plane node")
}

fn everybody(members: &Members) -> Vec<Key> {
    let all = members.control_planes.iter().chain(&members.workers);
    all.cloned().collect()
}

fn apid(rack: &Rack, members: &Members) -> String {
    let failing = without(rack, &everybody(members), |one| service(one, "apid"));
    told(&failing, "apid not ready")
}

fn kubelet(rack: &Rack, members: &Members) -> String {
    let failing = without(rack, &members.control_planes, |one| service(one, "kubelet"));
    told(&failing, "service \"kubelet\" not healthy")
}

fn running(rack: &Rack, members: &Members) -> String {
    let done = |machine: &Machine| {
        let stage = machine.run.as_ref().map(|run| run.stage);
        stage == Some(Stage::Running)
    };
    told(
        &without(rack, &everybody(members), done),
        "boot sequence not finished",
    )
}

fn static_pods(rack: &Rack, members: &Members) -> String {
    let ready = |machine: &Machine| {
        let pods = pods(rack, machine);
        pods.len() == 3 && pods.iter().all(|(_, ready)| *ready)
    };
    told(
        &without(rack, &members.control_planes, ready),
        "static pods not ready",
    )
}

fn nodes_ready(rack: &Rack, members: &Members) -> String {
    let ready = |machine: &Machine| {
        let node = rack.nodes.get(&machine.hardware.uuid);
        node.is_some_and(|node| node.ready)
    };
    told(&without(rack, &everybody(members), ready), "node not ready")
}
