//! What machines and Kubernetes tell each other.

use std::collections::BTreeMap;
use std::sync::{PoisonError, Weak};

use tokio::sync::watch;

use super::Fleet;
use crate::cluster::{ClusterView, Etcd, MachineView, NodeView};
use crate::talos::config::Config;
use crate::talos::life::Rack;
use crate::talos::machine::Machine;

/// Tells Kubernetes of clusters that changed.
pub(super) fn tell(fleet: &Fleet) {
    let Some(kubernetes) = &fleet.settings.kubernetes else {
        return;
    };
    // Held while it is told, so that views come in the order of the changes.
    let mut told = fleet.told.lock().unwrap_or_else(PoisonError::into_inner);
    let mut views = fleet.look(views);
    for id in told.keys() {
        views.entry(id.clone()).or_insert_with(|| ClusterView {
            id: id.clone(),
            machines: Vec::new(),
        });
    }
    for (id, view) in views {
        if told.get(&id) != Some(&view) {
            kubernetes.changed(view.clone());
            told.insert(id, view);
        }
    }
}

/// The clusters of all machines that run with a configuration.
fn views(rack: &Rack) -> BTreeMap<String, ClusterView> {
    let mut views: BTreeMap<String, ClusterView> = BTreeMap::new();
    for machine in rack.machines.values() {
        let Some((id, view)) = view(machine) else {
            continue;
        };
        let empty = || ClusterView {
            id: id.clone(),
            machines: Vec::new(),
        };
        views
            .entry(id.clone())
            .or_insert_with(empty)
            .machines
            .push(view);
    }
    for view in views.values_mut() {
        view.machines
            .sort_by(|one, other| one.name.cmp(&other.name));
    }
    views
}

fn view(machine: &Machine) -> Option<(String, MachineView)> {
    let run = machine.run.as_ref().filter(|run| !run.leaving)?;
    let config = run.active.as_ref()?;
    // Not before it is installed: what runs until then is the installer.
    run.services.get("cri")?;
    let etcd = match machine.etcd_data().filter(|_| run.etcd) {
        None => Etcd::None,
        Some(data) if data.is_learner() => Etcd::Learner,
        Some(_) => Etcd::Voter,
    };
    Some((
        Config::cluster_id(config).to_owned(),
        MachineView {
            uuid: machine.hardware.uuid.clone(),
            name: machine.name().to_owned(),
            addresses: run.addresses(),
            control_plane: config.control_plane(),
            config: config.text.clone(),
            etcd,
            kubelet: run.service_runs("kubelet"),
        },
    ))
}

/// Takes what Kubernetes tells of nodes.
pub(super) async fn follow(
    fleet: Weak<Fleet>,
    mut nodes: watch::Receiver<BTreeMap<String, NodeView>>,
) {
    loop {
        let now = nodes.borrow_and_update().clone();
        let now = now
            .into_iter()
            .map(|(uuid, node)| (uuid.to_lowercase(), node));
        let Some(fleet) = fleet.upgrade() else {
            return;
        };
        fleet.with(|rack| rack.nodes = now.collect());
        drop(fleet);
        if nodes.changed().await.is_err() {
            return;
        }
    }
}
