//! What is there of the file.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::{Client, Cx};

use super::model::TalosImage;
use super::plan::Private;
use super::source::content;

/// Hosts that should have the file.
#[derive(Default)]
pub struct Seen {
    /// Those that have it, and those that are offline.
    pub present: BTreeSet<String>,
    /// Those that do not have it any more.
    pub missing: BTreeSet<String>,
    /// Those whose file has other bytes, with its size.
    pub replaced: BTreeMap<String, u64>,
}

/// Looks for the file on every host that should have it. A host that is offline is not asked.
pub async fn observe(
    client: &Client,
    calls: &Cx,
    state: &TalosImage,
) -> proxmox_client::Result<Seen> {
    let (storage, name) = (state.storage.text(), state.file_name.text());
    let mut seen = Seen::default();
    let online: BTreeSet<String> = client
        .nodes(calls)
        .await?
        .into_iter()
        .filter(|node| node.online)
        .map(|node| node.name)
        .collect();
    let hosts = state.file_ids.get().into_iter().flat_map(BTreeMap::keys);
    for node in hosts {
        if !online.contains(node) {
            seen.present.insert(node.clone());
            continue;
        }
        let volumes = client
            .volumes(calls, node, storage, content(name).unwrap_or("iso"))
            .await?;
        match volumes
            .into_iter()
            .find(|found| Some(found.volid.as_str()) == state.file_id.as_str())
        {
            None => {
                seen.missing.insert(node.clone());
            }
            Some(found) => {
                seen.present.insert(node.clone());
                if state
                    .size_bytes
                    .get()
                    .is_some_and(|size| u64::try_from(*size).ok() != Some(found.size))
                {
                    seen.replaced.insert(node.clone(), found.size);
                }
            }
        }
    }
    Ok(seen)
}

/// Keeps what a refresh saw. What was said of the content of a file that was replaced is not true any more.
pub fn note(state: &mut TalosImage, private: &mut Private, seen: Seen) {
    private.missing = seen.missing;
    for node in seen.replaced.keys() {
        if let Some(file) = private.files.get_mut(node) {
            file.digests.clear();
        }
        state.sha256 = Field::Null;
    }
}
