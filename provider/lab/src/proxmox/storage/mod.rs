//! Storages and the volumes on them.

mod api;
mod blobs;
mod content;
mod download;
mod name;
mod upload;
mod volume;

pub(crate) use api::{definition, definitions, node_list, status};
pub(crate) use blobs::Blobs;
pub(crate) use content::{Delete, allocate, attributes, delete, list};
pub(crate) use download::{Download, check_download, check_query, download_url, query_url};
pub(crate) use name::VolumeName;
pub(crate) use upload::{NO_FILE, Upload, upload};
pub(crate) use volume::{Allocation, Content, Volume};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::datacenter::Datacenter;

/// A storage's definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Storage {
    /// `dir`, `nfs`, `cephfs`, `rbd`, `lvmthin`, `lvm`, `zfspool`.
    pub(crate) kind: String,
    pub(crate) content: BTreeSet<String>,
    pub(crate) shared: bool,
    /// The hosts that have it; empty means all.
    pub(crate) nodes: BTreeSet<String>,
    pub(crate) path: String,
    /// Bytes in all.
    pub(crate) size: u64,
}

impl Storage {
    /// Volumes are files below a directory.
    pub(crate) fn has_files(&self) -> bool {
        ["dir", "nfs", "cifs", "cephfs", "btrfs"].contains(&self.kind.as_str())
    }

    /// Linked clones and templates work on it.
    pub(crate) fn clones(&self) -> bool {
        self.kind != "lvm"
    }

    pub(crate) fn holds(&self, content: &str) -> bool {
        self.content.contains(content)
    }

    fn on(&self, node: &str) -> bool {
        self.nodes.is_empty() || self.nodes.contains(node)
    }
}

impl Datacenter {
    /// A storage's definition.
    ///
    /// # Errors
    /// 500: it does not exist.
    pub(crate) fn storage(&self, name: &str) -> Reply<&Storage> {
        let missing = || Refusal::die(format!("storage '{name}' does not exist"));
        self.storages.get(name).ok_or_else(missing)
    }

    /// A storage's definition on a host.
    ///
    /// # Errors
    /// 500: it does not exist, or not there.
    pub(crate) fn storage_on(&self, name: &str, node: &str) -> Reply<&Storage> {
        let storage = self.storage(name)?;
        if storage.on(node) {
            return Ok(storage);
        }
        let text = format!("storage '{name}' is not available on node '{node}'");
        Err(Refusal::die(text))
    }

    /// Where a storage's volumes are kept: each host has its own unless it is shared.
    pub(crate) fn place(&self, storage: &str, node: &str) -> String {
        let shared = self
            .storages
            .get(storage)
            .is_some_and(|storage| storage.shared);
        match shared {
            true => storage.to_owned(),
            false => format!("{storage}@{node}"),
        }
    }

    /// Bytes that are taken, as far as they were written or belong to thick volumes.
    pub(crate) fn used(&self, storage: &str, node: &str) -> u64 {
        let thick = self
            .storages
            .get(storage)
            .is_some_and(|storage| storage.kind == "lvm");
        let volumes = self.places.get(&self.place(storage, node));
        volumes
            .into_iter()
            .flatten()
            .map(|(_, volume)| if thick { volume.size } else { volume.written() })
            .sum()
    }

    /// Refuses to write where no room is left. The texts are those of the file system and of
    /// LVM; nothing of this is recorded.
    pub(crate) fn check_room(&self, storage: &str, node: &str, more: u64) -> Reply<()> {
        let definition = self.storage(storage)?;
        let left = definition.size.saturating_sub(self.used(storage, node));
        if more <= left {
            return Ok(());
        }
        let text = match definition.kind.as_str() {
            "lvm" => format!(
                "lvcreate '{storage}' error: Volume group \"{storage}\" has insufficient free space"
            ),
            _ => format!(
                "write to '{}' failed: No space left on device",
                definition.path
            ),
        };
        Err(Refusal::die(text))
    }
}
