//! What was seen of a machine.

use std::collections::{BTreeMap, BTreeSet};

use proxmox_client::Cluster;
use serde::{Deserialize, Serialize};

use super::identity::uuid_of;

/// The cluster of Proxmox VE that showed a machine.
#[derive(Serialize, Deserialize, Default, Clone, Debug, PartialEq, Eq)]
#[serde(default)]
pub struct SeenIn {
    /// Its name; none where a host stands alone, or the token may not see it.
    pub name: Option<String>,
    /// Names of its hosts; none where nobody looked.
    pub nodes: BTreeSet<String>,
}

impl SeenIn {
    /// Whether another cluster answers now. A host alone that joined a cluster, or left one, is known by its name.
    pub fn is_not(&self, now: &Self) -> bool {
        let renamed = matches!((&self.name, &now.name), (Some(then), Some(now)) if then != now);
        renamed || self.nodes.is_disjoint(&now.nodes)
    }

    /// For messages.
    pub fn told(&self) -> String {
        let nodes: Vec<&str> = self.nodes.iter().map(String::as_str).collect();
        let nodes = nodes.join(", ");
        match &self.name {
            Some(name) => format!("the cluster {name} ({nodes})"),
            None => format!("the host {nodes}"),
        }
    }
}

impl From<&Cluster> for SeenIn {
    fn from(cluster: &Cluster) -> Self {
        Self {
            name: cluster.name.clone(),
            nodes: cluster.nodes.clone(),
        }
    }
}

/// A machine as Proxmox VE shows it. Kept in private state, because plans are made from it.
#[derive(Serialize, Deserialize, Default, Clone, Debug, PartialEq, Eq)]
#[serde(default)]
pub struct Sight {
    /// Host.
    pub node: String,
    /// The cluster of the host.
    pub cluster: SeenIn,
    /// Configuration with pending values.
    pub values: BTreeMap<String, String>,
    /// What tells this configuration from a changed one.
    pub digest: String,
    /// Whether it runs.
    pub running: bool,
    /// What the emulator says.
    pub status: String,
    /// Why it is locked.
    pub lock: Option<String>,
    /// What waits for a power cycle: key to value now and then.
    pub pending: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Pool; only looked for where one is set.
    pub pool: Option<String>,
    /// Settings of high availability; only looked for where they are set.
    pub ha: Option<BTreeMap<String, String>>,
    /// Addresses that the guest agent tells, by hardware address in lower case.
    pub guest: BTreeMap<String, Vec<String>>,
}

impl Sight {
    /// Its SMBIOS UUID.
    pub fn uuid(&self) -> Option<String> {
        uuid_of(self.values.get("smbios1").map(String::as_str))
    }

    /// Whether the task that makes it is not done: it has neither values nor a UUID before.
    pub fn is_being_made(&self) -> bool {
        let lock = self.lock.as_ref().or(self.values.get("lock"));
        lock.is_some_and(|lock| lock == "create")
    }
}
