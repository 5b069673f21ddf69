//! One look at the health of a cluster through the Talos API. Names and order of the checks are those of `talosctl health`.

mod etcd;
mod nodes;

use crate::client::Client;
use crate::cx::Cx;

/// A machine that is expected in the cluster.
#[derive(Clone)]
pub struct Node {
    /// Name, for people.
    pub name: String,
    /// How it is reached.
    pub client: Client,
    /// Its role.
    pub control_plane: bool,
    /// Its addresses, compared with those that etcd's members announce.
    pub addresses: Vec<String>,
}

/// How far to look; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each machine for itself.
    Node,
    /// etcd on the control planes.
    Etcd,
    /// The static pods of the control planes.
    ControlPlane,
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Stable name.
    pub name: &'static str,
    /// Passed on all machines.
    pub ok: bool,
    /// `OK`, or what is wrong, machine by machine.
    pub message: String,
    /// The machines on which it did not pass.
    pub nodes: Vec<String>,
}

impl Check {
    /// A check from what each machine that failed it has to say.
    fn of(name: &'static str, failures: Vec<(String, String)>) -> Check {
        let told: Vec<_> = failures
            .iter()
            .map(|(node, why)| format!("{node}: {why}"))
            .collect();
        let message = if told.is_empty() {
            "OK".to_owned()
        } else {
            told.join("; ")
        };
        Check {
            name,
            ok: failures.is_empty(),
            message,
            nodes: failures.into_iter().map(|(node, _)| node).collect(),
        }
    }
}

/// Looks once, without waiting for anything to become better. A machine that cannot be reached does not pass its checks.
pub async fn look(nodes: &[Node], level: Level, cx: &Cx) -> Vec<Check> {
    let mut checks = nodes::look(nodes, cx).await;
    let control_planes: Vec<_> = nodes
        .iter()
        .filter(|node| node.control_plane)
        .cloned()
        .collect();
    if level >= Level::Etcd {
        checks.extend(etcd::look(&control_planes, cx).await);
    }
    if level >= Level::ControlPlane {
        checks.push(nodes::static_pods(&control_planes, cx).await);
    }
    checks
}

/// Runs a question on all machines at once; their answers in the order of the machines.
async fn ask<T, F>(nodes: &[Node], question: impl Fn(Node) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for (index, node) in nodes.iter().enumerate() {
        let answer = question(node.clone());
        tasks.spawn(async move { (index, answer.await) });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
