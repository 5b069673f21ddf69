//! Kubernetes of the lab's clusters. It is not simulated: where a control plane is bootstrapped,
//! the real etcd, API server, controller-manager and scheduler run as processes of this machine,
//! with the authorities, keys and arguments of that machine's own configuration.
//!
//! What machines would do is played: TLS at their addresses, nodes, leases, static pods, and the
//! kubelet's part of every other pod. Pods of Flux's operator and controllers really run.

mod client;
mod cluster;
mod count;
mod front;
mod images;
mod kubelet;
mod manifests;
mod moment;
mod node;
mod plane;
mod pods;
mod settings;
mod static_pods;
mod status;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

pub use count::summary;

use crate::cluster::{ClusterView, Kubernetes, NodeView};
use crate::listen::Book;
use crate::tools::Places;
use crate::world::Lab;
use cluster::{Cluster, Message, Shared};

/// The clusters of a world. Dropping it ends their programs.
pub struct Clusters {
    shared: Shared,
    nodes: watch::Receiver<BTreeMap<String, NodeView>>,
    tasks: Mutex<BTreeMap<String, mpsc::UnboundedSender<Message>>>,
    runtime: Handle,
}

impl Clusters {
    /// Clusters whose data are kept in a world's folder. To be called within a runtime.
    #[must_use]
    pub fn new(folder: PathBuf, tools: Places) -> Arc<Self> {
        let (tell, nodes) = watch::channel(BTreeMap::new());
        let shared = Shared {
            book: Book::default(),
            tools: Arc::new(tools),
            folder,
            nodes: tell,
            network: Arc::new(AtomicBool::new(true)),
        };
        Arc::new(Self {
            shared,
            nodes,
            tasks: Mutex::default(),
            runtime: Handle::current(),
        })
    }

    /// Writes the journal of a lab from now on, and lets its faults strike.
    pub fn open(&self, lab: &Arc<Lab>) {
        self.shared.book.open(lab);
    }

    /// Whether pods have a network even where the configuration leaves it to others (`cni: none`)
    /// and no pod brought one; they have unless this says no.
    pub fn play_network(&self, played: bool) {
        self.shared.network.store(played, Ordering::Relaxed);
    }

    fn tell(&self, id: &str, message: Message) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tasks.entry(id.to_owned()).or_insert_with(|| {
            let (sender, inbox) = mpsc::unbounded_channel();
            let folder = self.shared.folder.join("kubernetes").join(folder_name(id));
            self.runtime
                .spawn(Cluster::new(self.shared.clone(), folder).run(inbox));
            sender
        });
        // The task ends only with the runtime.
        let _ = task.send(message);
    }
}

impl Kubernetes for Clusters {
    fn changed(&self, cluster: ClusterView) {
        let id = cluster.id.clone();
        self.tell(&id, Message::View(cluster));
    }

    fn bootstrapped(&self, cluster: &str) {
        self.tell(cluster, Message::Bootstrapped);
    }

    fn nodes(&self) -> watch::Receiver<BTreeMap<String, NodeView>> {
        self.nodes.clone()
    }
}

/// What is missing of the programs behind a cluster, and what does not work without them; none where all are there.
#[must_use]
pub fn missing(tools: &Places) -> Option<String> {
    let programs = plane::PROGRAMS
        .into_iter()
        .chain(images::Program::ALL.map(images::Program::name));
    let missing: Vec<&str> = programs.filter(|name| tools.find(name).is_err()).collect();
    let without = match missing.as_slice() {
        [] => return None,
        names if names.iter().any(|name| plane::PROGRAMS.contains(name)) => {
            "Kubernetes does not start"
        }
        _ => "Flux does not run",
    };
    Some(format!(
        "not found: {}; without them {without}. Run `cargo xtask tools`, or start again with TALOS_LAB_TOOLS, a folder that has them",
        missing.join(", ")
    ))
}

/// Ids hold characters that a path must not.
fn folder_name(id: &str) -> String {
    let digest = Sha256::digest(id);
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Tells people what is wrong; standard output belongs to the command.
fn complain(text: &str) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "talos-lab: kubernetes: {text}");
}
