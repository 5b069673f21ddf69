//! Resources about the cluster: members, etcd, Kubernetes' names and pods.

use serde_json::json;

use super::Content;
use crate::talos::life::{Rack, pods};
use crate::talos::machine::{Machine, Run};

pub(super) fn contents(rack: &Rack, machine: &Machine) -> Vec<Content> {
    let Some(run) = &machine.run else {
        return Vec::new();
    };
    let Some(config) = &run.active else {
        return Vec::new();
    };
    let info = json!({ "clusterId": config.cluster_id(), "clusterName": config.cluster_name() });
    let nodename = json!({
        "nodename": run.network.hostname, "hostnameVersion": "1", "skipNodeRegistration": !config.registers(),
    });
    let mut all = vec![
        Content::new("Infos.cluster.talos.dev", "current", info),
        Content::new("Nodenames.kubernetes.talos.dev", "nodename", nodename),
    ];
    if config.discovers() {
        let others = rack.machines.values().filter(|other| {
            let same = |other: &crate::talos::config::Config| {
                let equal = |pointer: &str| other.text_at(pointer) == config.text_at(pointer);
                other.discovers() && equal("/cluster/id") && equal("/cluster/secret")
            };
            other.active().is_some_and(same)
        });
        all.extend(others.filter_map(member));
    }
    all.extend(etcd(machine, run));
    all.extend(
        pods(rack, machine)
            .iter()
            .map(|(name, ready)| pod(name, *ready)),
    );
    all.extend(node(rack, machine));
    all
}

fn member(machine: &Machine) -> Option<Content> {
    let run = machine.run.as_ref()?;
    let config = run.active.as_ref()?;
    let addresses = run.network.sorted().into_iter();
    let addresses: Vec<String> = addresses.map(|prefix| prefix.address.to_string()).collect();
    let mut spec = json!({
        "nodeId": run.node_id,
        "addresses": addresses,
        "hostname": run.network.hostname,
        "machineType": config.machine_type(),
        "operatingSystem": format!("Talos ({})", run.version),
    });
    if config.control_plane() {
        spec["controlPlane"] = json!({ "port": 6443 });
    }
    Some(Content::new(
        "Members.cluster.talos.dev",
        &run.network.hostname,
        spec,
    ))
}

fn etcd(machine: &Machine, run: &Run) -> Option<Content> {
    let data = machine.etcd_data().filter(|_| run.etcd)?;
    let spec = json!({ "memberID": format!("{:016x}", data.member) });
    Some(Content::new("EtcdMembers.etcd.talos.dev", "local", spec))
}

fn pod(name: &str, ready: bool) -> Content {
    let status = if ready { "True" } else { "False" };
    let condition = |kind: &str, status: &str| json!({ "type": kind, "status": status });
    let conditions = [
        condition("Initialized", "True"),
        condition("Ready", status),
        condition("ContainersReady", status),
        condition("PodScheduled", "True"),
    ];
    let spec = json!({ "phase": "Running", "conditions": conditions });
    Content::new("StaticPodStatuses.kubernetes.talos.dev", name, spec)
}

fn node(rack: &Rack, machine: &Machine) -> Option<Content> {
    let node = rack.nodes.get(&machine.hardware.uuid).copied()?;
    let name = machine.name();
    let spec = json!({ "nodename": name, "nodeReady": node.ready, "unschedulable": false });
    node.registered
        .then(|| Content::new("NodeStatuses.kubernetes.talos.dev", name, spec))
}
