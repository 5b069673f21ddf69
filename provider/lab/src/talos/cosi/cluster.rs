//! Resources about the cluster: members, etcd, Kubernetes' names and pods.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Content, Spec};
use crate::talos::calls::credentials::admin_kubeconfig;
use crate::talos::config::Config;
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
    all.extend(api_server(run, config));
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

const SECRETS: &str = "KubernetesSecrets.secrets.talos.dev";

/// What a control plane has of its API server: its settings, and the credentials that Talos' own components use
/// (`k8s.ControlPlaneAPIServerController`, `secrets.KubernetesController`).
fn api_server(run: &Run, config: &Config) -> Vec<Content> {
    if !config.control_plane() {
        return Vec::new();
    }
    let image = config.text_at("/cluster/apiServer/image");
    let settings = json!({ "image": image, "localPort": PORT });
    let mut all = vec![Content::new(
        "APIServerConfigs.kubernetes.talos.dev",
        "kube-apiserver",
        settings,
    )];
    if let Some(kubeconfig) = own_kubeconfig(run, config) {
        let secrets = json!({ "localhostAdminKubeconfig": kubeconfig });
        all.push(Content::new(SECRETS, "k8s-certs", secrets));
    }
    all
}

const PORT: u16 = 6443;

/// The kubeconfig of Talos' own components: issued once for each authority.
fn own_kubeconfig(run: &Run, config: &Config) -> Option<String> {
    let authority = STANDARD.encode(config.bytes_at("/cluster/ca/crt")?);
    let there = match run.store.spec(SECRETS, "k8s-certs") {
        Some(Spec::Plain(spec)) => spec["localhostAdminKubeconfig"].as_str(),
        _ => None,
    };
    match there.filter(|text| text.contains(&authority)) {
        Some(there) => Some(there.to_owned()),
        None => admin_kubeconfig(config, &format!("https://localhost:{PORT}")).ok(),
    }
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
