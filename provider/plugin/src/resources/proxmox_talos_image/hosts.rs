//! The hosts that get the file.

use std::collections::BTreeSet;

use proxmox_client::{Client, Code, Cx, Error, Result};

use super::model::TalosImage;

/// Where the file goes.
pub struct Targets {
    /// Hosts that the file is brought to.
    pub deliver: Vec<String>,
    /// Hosts that have it then.
    pub all: BTreeSet<String>,
    /// Whether they are one place.
    pub shared: bool,
}

impl Targets {
    /// The hosts that have the file once this one has it.
    pub fn same_place(&self, node: &str) -> BTreeSet<String> {
        if self.shared {
            self.all.clone()
        } else {
            BTreeSet::from([node.to_owned()])
        }
    }
}

/// The hosts that are set, or all that are online and have the storage.
pub async fn targets(client: &Client, calls: &Cx, model: &TalosImage) -> Result<Targets> {
    let storage = model.storage.text();
    let set = model.nodes.cloned();
    let mut all = BTreeSet::new();
    let mut shared = false;
    let mut unknown = None;
    for node in client.nodes(calls).await? {
        if !set.as_ref().is_none_or(|set| set.contains(&node.name))
            || (set.is_none() && !node.online)
        {
            continue;
        }
        match client.storage(calls, &node.name, storage).await {
            Ok(found) => {
                shared = shared || found.shared;
                all.insert(node.name);
            }
            Err(error) if error.code == Code::StorageUnknown && set.is_none() => {
                unknown = Some(error)
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(missing) = set.iter().flatten().find(|node| !all.contains(*node)) {
        return Err(Error::found(
            Code::HostUnknown,
            format!("looking for {missing}"),
            "the cluster has no such host",
        )
        .caused_by(format!(
            "`nodes` names {missing}, and the cluster does not have it"
        )));
    }
    match (all.is_empty(), unknown) {
        (true, Some(error)) => return Err(error),
        (true, None) => {
            return Err(Error::found(
                Code::HostOffline,
                format!("looking for a host with storage {storage}"),
                "no host is online",
            ));
        }
        _ => {}
    }
    let deliver = if shared {
        all.iter().take(1).cloned().collect()
    } else {
        all.iter().cloned().collect()
    };
    Ok(Targets {
        deliver,
        all,
        shared,
    })
}
