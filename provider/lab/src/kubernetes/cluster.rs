//! One cluster: what its machines say, turned into programs, addresses and objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::front::{Behind, Front};
use super::kubelet::Kubelet;
use super::manifests::{Manifests, objects};
use super::node::Node;
use super::plane::Plane;
use super::pods::{Told, Watcher};
use super::settings::{Manifest, NodeSettings, Settings};
use super::{complain, count, static_pods};
use crate::cluster::{ClusterView, Etcd, MachineView, NodeView};
use crate::listen::Book;
use crate::proxmox::Fetch;
use crate::tools::Places;

/// What a cluster is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Its machines changed.
    View(ClusterView),
    /// It was bootstrapped anew: nothing of an older one may come back.
    Bootstrapped,
}

/// What all clusters share.
#[derive(Clone)]
pub(super) struct Shared {
    pub book: Book,
    pub tools: Arc<Places>,
    /// The world's folder.
    pub folder: PathBuf,
    pub nodes: watch::Sender<BTreeMap<String, NodeView>>,
    /// Whether pods have a network although nobody brought one.
    pub network: Arc<AtomicBool>,
}

/// A cluster that runs, or could.
pub(super) struct Cluster {
    shared: Shared,
    folder: PathBuf,
    view: Vec<MachineView>,
    running: Option<Running>,
    /// UUIDs of the machines that were told how Kubernetes is on them.
    told: BTreeSet<String>,
    trouble: Trouble,
}

/// What is wrong. Much is for a moment, while programs start.
#[derive(Default)]
struct Trouble {
    since: Option<Instant>,
    told: String,
}

impl Trouble {
    /// Complains, once, about what has been wrong for longer than a patience.
    fn hear(&mut self, problem: &str, patience: Duration) {
        if problem.is_empty() {
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= patience && problem != self.told {
            complain(problem);
            problem.clone_into(&mut self.told);
        }
    }
}

/// A control plane with everything around it.
struct Running {
    settings: Settings,
    plane: Plane,
    fronts: BTreeMap<SocketAddr, (String, Front)>,
    kubelet: Kubelet,
    watcher: Option<Watcher>,
    nodes: Vec<Node>,
    /// Whether nodes have to be brought in line.
    stale: bool,
    registered: BTreeSet<String>,
    manifests: Manifests,
    /// Extra manifests that could not be fetched yet.
    unfetched: Vec<String>,
    network: Arc<AtomicBool>,
    ready: bool,
    renewed: Option<Instant>,
    looked: Option<Instant>,
}

/// How long something may be wrong before it is worth a word.
const PATIENCE: Duration = Duration::from_secs(20);
/// Kubelets renew their leases this often.
const RENEWAL: Duration = Duration::from_secs(10);

impl Cluster {
    pub(super) fn new(shared: Shared, folder: PathBuf) -> Self {
        Self {
            shared,
            folder,
            view: Vec::new(),
            running: None,
            told: BTreeSet::new(),
            trouble: Trouble::default(),
        }
    }

    /// Plays the cluster until nobody can tell it anything any more.
    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let watcher = self
                .running
                .as_mut()
                .and_then(|running| running.watcher.as_mut());
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(Message::View(view)) => self.see(view.machines),
                    Some(Message::Bootstrapped) => self.forget(),
                    None => return,
                },
                Some(told) = next(watcher) => if let Some(running) = &mut self.running {
                    running.kubelet.hear(told).await;
                },
                _ = tick.tick() => self.tick().await,
            }
            self.publish();
        }
    }

    fn see(&mut self, machines: Vec<MachineView>) {
        self.view = machines;
        let done = self.follow();
        let problem = done.err().unwrap_or_default();
        self.trouble.hear(&problem, Duration::ZERO);
    }

    /// Removes what an older cluster of this id left.
    fn forget(&mut self) {
        self.running = None;
        if let Err(problem) = discard(&self.folder) {
            complain(&problem);
        }
    }

    fn follow(&mut self) -> Result<(), String> {
        let planes: Vec<MachineView> = self
            .view
            .iter()
            .filter(|machine| is_plane(machine))
            .cloned()
            .collect();
        let Some(first) = planes.iter().min_by_key(|machine| machine.name.clone()) else {
            self.running = None;
            return Ok(());
        };
        let settings = Settings::read(&first.config)?;
        let addresses: Vec<_> = planes
            .iter()
            .flat_map(|machine| machine.addresses.clone())
            .collect();
        match &mut self.running {
            None => {
                self.check_members(&planes)?;
                let plane = Plane::start(&self.folder, &settings, &addresses, &self.shared.tools)?;
                self.running = Some(Running::new(settings, plane, &self.shared, &self.folder));
            }
            Some(running) if running.settings != settings => {
                running.plane.follow(&settings, &addresses)?;
                running.set_manifests(&settings);
                running.kubelet.api = running.plane.api.clone();
                running.settings = settings;
            }
            Some(_) => {}
        }
        self.remember_members(&planes)?;
        if let Some(running) = &mut self.running {
            running.set_nodes(&self.view)?;
            if running.ready {
                running.open_fronts(&planes, &self.shared.book)?;
            }
        }
        Ok(())
    }

    /// etcd's data belong to the machines that voted before. Where none of them is here, this is
    /// another cluster with the same secrets, and begins empty.
    fn check_members(&self, planes: &[MachineView]) -> Result<(), String> {
        let known = self.members();
        let same = known.is_empty() || planes.iter().any(|machine| known.contains(&machine.uuid));
        match same {
            true => Ok(()),
            false => discard(&self.folder),
        }
    }

    fn members(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.folder.join(MEMBERS)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn remember_members(&self, planes: &[MachineView]) -> Result<(), String> {
        let mut known = self.members();
        let before = known.len();
        known.extend(planes.iter().map(|machine| machine.uuid.clone()));
        if known.len() == before {
            return Ok(());
        }
        let path = self.folder.join(MEMBERS);
        let text = json!(known).to_string();
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    async fn tick(&mut self) {
        let planes: Vec<MachineView> = self
            .view
            .iter()
            .filter(|machine| is_plane(machine))
            .cloned()
            .collect();
        let Some(running) = &mut self.running else {
            return;
        };
        let was = std::mem::replace(&mut running.ready, running.plane.ready().await);
        let mut trouble = String::new();
        if running.ready {
            if !was {
                trouble = running
                    .open_fronts(&planes, &self.shared.book)
                    .err()
                    .unwrap_or_default();
                running.stale = true;
            }
            if let Err(problem) = running.keep(&planes, &self.folder).await {
                trouble = problem;
            }
        } else {
            trouble = running.plane.trouble().unwrap_or_default();
        }
        self.trouble.hear(&trouble, PATIENCE);
    }

    /// Tells the machines how Kubernetes is on them.
    fn publish(&mut self) {
        let views = self
            .view
            .iter()
            .map(|machine| (machine.uuid.clone(), self.node_view(machine)));
        let views: BTreeMap<String, NodeView> = views.collect();
        let before = std::mem::replace(&mut self.told, views.keys().cloned().collect());
        self.shared.nodes.send_if_modified(|all| {
            let old = all.clone();
            all.retain(|uuid, _| !before.contains(uuid));
            all.extend(views);
            *all != old
        });
    }

    fn node_view(&self, machine: &MachineView) -> NodeView {
        let Some(running) = &self.running else {
            return NodeView::default();
        };
        let plane = is_plane(machine) && running.ready;
        let registered = running.ready && running.registered.contains(&machine.name);
        let node = running.nodes.iter().find(|node| node.name == machine.name);
        NodeView {
            api_server: plane,
            controller_manager: plane && running.plane.controller_manager.state().process.is_some(),
            scheduler: plane && running.plane.scheduler.state().process.is_some(),
            registered,
            ready: registered && node.is_some_and(|node| node.network),
        }
    }
}

/// UUIDs of the machines whose etcd voted.
const MEMBERS: &str = "members.json";

/// Removes a cluster's folder. It is renamed first: programs that are being killed may still write.
fn discard(folder: &Path) -> Result<(), String> {
    if !folder.exists() {
        return Ok(());
    }
    let old = folder.with_extension("old");
    // One that an earlier call could not remove.
    let _ = fs::remove_dir_all(&old);
    let failed = |error: std::io::Error| format!("cannot remove {}: {error}", folder.display());
    fs::rename(folder, &old).map_err(failed)?;
    // What is left of it does no harm.
    let _ = fs::remove_dir_all(&old);
    Ok(())
}

/// Whether a machine runs the control plane's static pods.
fn is_plane(machine: &MachineView) -> bool {
    machine.control_plane && machine.kubelet && machine.etcd == Etcd::Voter
}

async fn next(watcher: Option<&mut Watcher>) -> Option<Told> {
    match watcher {
        Some(watcher) => watcher.told.recv().await,
        None => std::future::pending().await,
    }
}

impl Running {
    fn new(settings: Settings, plane: Plane, shared: &Shared, folder: &Path) -> Self {
        let kubelet = Kubelet::new(
            plane.api.clone(),
            shared.book.clone(),
            Arc::clone(&shared.tools),
            folder.join("pods"),
            settings.ca.certificate.clone(),
            settings.pod_subnets.clone(),
        );
        let mut own = Self {
            plane,
            kubelet,
            fronts: BTreeMap::new(),
            watcher: None,
            nodes: Vec::new(),
            stale: true,
            registered: BTreeSet::new(),
            manifests: Manifests::default(),
            unfetched: Vec::new(),
            network: Arc::clone(&shared.network),
            ready: false,
            renewed: None,
            looked: None,
            settings: settings.clone(),
        };
        own.set_manifests(&settings);
        own
    }

    /// Takes up the manifests of a configuration. What is no YAML is left out, as Talos leaves it
    /// out; it complains in its log.
    fn set_manifests(&mut self, settings: &Settings) {
        let read = |manifest: &Manifest| match objects(&manifest.text) {
            Ok(objects) => objects,
            Err(error) => {
                complain(&format!(
                    "inline manifest {} cannot be read: {error}",
                    manifest.name
                ));
                Vec::new()
            }
        };
        self.manifests = Manifests::of(settings.manifests.iter().flat_map(read).collect());
        self.unfetched = settings.extra_manifests.clone();
    }

    fn set_nodes(&mut self, machines: &[MachineView]) -> Result<(), String> {
        let mut nodes = Vec::new();
        for machine in machines.iter().filter(|machine| machine.kubelet) {
            let settings = NodeSettings::read(&machine.config, machine.control_plane)?;
            if settings.registers {
                nodes.push(Node {
                    name: machine.name.clone(),
                    uuid: machine.uuid.clone(),
                    addresses: machine.addresses.clone(),
                    network: self.has_network(&settings, &machine.name),
                    settings,
                });
            }
        }
        self.stale |= nodes != self.nodes;
        let alive = nodes
            .iter()
            .map(|node| (node.name.clone(), node.internal()))
            .collect();
        self.kubelet.set_nodes(alive);
        self.registered
            .retain(|name| nodes.iter().any(|node| node.name == *name));
        self.nodes = nodes;
        Ok(())
    }

    fn has_network(&self, settings: &NodeSettings, node: &str) -> bool {
        let played = self.network.load(Ordering::Relaxed);
        played || !settings.foreign_network || self.kubelet.has_network(node)
    }

    /// Listens at the addresses of the control planes, and at no others.
    fn open_fronts(&mut self, planes: &[MachineView], book: &Book) -> Result<(), String> {
        let mut wanted = BTreeSet::new();
        for machine in planes {
            let behind = Behind::new(
                &self.settings,
                &machine.name,
                &machine.addresses,
                self.plane.api.address,
            )?;
            for address in &machine.addresses {
                let address = SocketAddr::new(*address, self.settings.port);
                wanted.insert(address);
                match self.fronts.get(&address) {
                    Some((owner, front)) if *owner == machine.uuid => front.replace(&behind),
                    _ => {
                        // An address that moved to another machine is closed there first.
                        self.fronts.remove(&address);
                        let front = Front::open(
                            book.clone(),
                            machine.name.clone(),
                            address,
                            behind.clone(),
                        );
                        self.fronts.insert(address, (machine.uuid.clone(), front));
                    }
                }
            }
        }
        self.fronts.retain(|address, _| wanted.contains(address));
        Ok(())
    }

    /// Does what is due while the API server is ready.
    async fn keep(&mut self, planes: &[MachineView], folder: &Path) -> Result<(), String> {
        if self.watcher.is_none() {
            self.watcher = Some(Watcher::start(self.plane.api.clone()));
        }
        let now = |node: &Node| self.has_network(&node.settings, &node.name);
        let networks: Vec<bool> = self.nodes.iter().map(now).collect();
        for (node, network) in self.nodes.iter_mut().zip(networks) {
            self.stale |= network != node.network;
            node.network = network;
        }
        if self.stale {
            self.apply_nodes(planes).await?;
            self.stale = false;
        }
        self.fetch_manifests().await;
        self.manifests.apply(&self.plane.api).await;
        if self
            .looked
            .is_none_or(|looked| looked.elapsed() > Duration::from_secs(1))
        {
            self.looked = Some(Instant::now());
            self.kubelet.look_after_all().await;
        }
        if self
            .renewed
            .is_none_or(|renewed| renewed.elapsed() > RENEWAL)
        {
            self.renewed = Some(Instant::now());
            // Others write to nodes, too: the controller of leases that came late, for one.
            self.stale = true;
            for node in &self.nodes {
                node.renew(&self.plane.api).await?;
            }
            self.sum_up(folder).await?;
        }
        Ok(())
    }

    async fn apply_nodes(&mut self, planes: &[MachineView]) -> Result<(), String> {
        for node in &self.nodes {
            node.apply(&self.plane.api).await?;
            node.renew(&self.plane.api).await?;
            self.registered.insert(node.name.clone());
        }
        for machine in planes {
            if self.registered.contains(&machine.name) {
                let settings = Settings::read(&machine.config)?;
                static_pods::publish(&self.plane.api, &machine.name, &settings).await?;
            }
        }
        Ok(())
    }

    /// Extra manifests come from other servers; one that does not answer is asked again.
    async fn fetch_manifests(&mut self) {
        let mut left = Vec::new();
        for url in std::mem::take(&mut self.unfetched) {
            let fetch = Fetch {
                url: url.clone(),
                head: false,
                verify: false,
            };
            let fetched = crate::world::fetch(&fetch, None).await;
            match objects(&String::from_utf8_lossy(&fetched.body)) {
                Ok(objects) if fetched.is_ok() => self.manifests.add(objects),
                _ => left.push(url),
            }
        }
        self.unfetched = left;
    }

    /// Leaves on disk what `talos-lab status` prints.
    async fn sum_up(&self, folder: &Path) -> Result<(), String> {
        let objects = count::objects(self.plane.etcd_port()).await?;
        let summary = json!({ "cluster": self.settings.cluster_name, "endpoint": self.settings.endpoint, "objects": objects });
        let path = folder.join(count::SUMMARY);
        fs::write(&path, summary.to_string())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}
