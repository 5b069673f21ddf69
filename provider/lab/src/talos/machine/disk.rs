//! What Talos writes on a disk, by partition.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::talos::etcd;

/// A disk that Talos is installed on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Installed {
    /// The release that it boots.
    pub version: String,
    /// The schematic that it was installed from.
    pub schematic: Option<String>,
    /// The partition STATE.
    pub state: Option<StatePartition>,
    /// The partition EPHEMERAL.
    pub ephemeral: Option<Ephemeral>,
}

/// What STATE holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StatePartition {
    /// The configuration, where one was applied.
    pub config: Option<String>,
    /// The machine's identity.
    pub node_id: String,
}

/// What EPHEMERAL holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ephemeral {
    /// The data of etcd.
    pub etcd: Option<etcd::Data>,
}

/// The key that keeps a disk of Talos apart from what else may have been written.
const MARK: &str = "talos";

impl Installed {
    /// What is on a disk; none where Talos is not.
    pub(crate) fn read(written: &Value) -> Option<Self> {
        serde_json::from_value(written.get(MARK)?.clone()).ok()
    }

    /// As it is kept in the world.
    pub(crate) fn write(&self) -> Value {
        json!({ MARK: self })
    }
}
