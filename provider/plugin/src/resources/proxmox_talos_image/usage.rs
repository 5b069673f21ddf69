//! Removing files that no virtual machine has in a drive. Proxmox VE itself does not look, and a machine whose medium is gone does not
//! start again.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use proxmox_client::codec::is_drive;
use proxmox_client::{Client, Code, Cx, Error, Result};

/// How many configurations are read at the same time.
const AT_ONCE: usize = 8;

/// A host and a volume on it.
pub type Place = (String, String);

/// Volumes that were not removed.
#[derive(Default)]
pub struct Left {
    /// A virtual machine has it in a drive.
    pub used: Vec<Place>,
    /// No virtual machine that the token sees has it in a drive, and the token does not see all of them.
    pub unseen: Vec<Place>,
    /// It was not come to, because of `error`.
    pub failed: Vec<Place>,
    /// What ended the removal early.
    pub error: Option<Error>,
}

impl Left {
    /// All of them, whatever the reason.
    pub fn all(self) -> Vec<Place> {
        [self.used, self.unseen, self.failed].concat()
    }
}

/// Removes the volumes that are in no drive, as far as that can be known; gives those that stay.
pub async fn remove_unused(client: &Client, calls: &Cx, volumes: BTreeSet<Place>) -> Left {
    let mut left = Left::default();
    if volumes.is_empty() {
        return left;
    }
    let (used, all_seen) = match look(client, calls).await {
        Ok(seen) => seen,
        Err(error) => {
            left.failed = volumes.into_iter().collect();
            left.error = Some(error);
            return left;
        }
    };
    for (node, volume) in volumes {
        if used.contains(&volume) {
            left.used.push((node, volume));
        } else if !all_seen {
            left.unseen.push((node, volume));
        } else if left.error.is_some() {
            left.failed.push((node, volume));
        } else if let Err(error) = client.remove_volume(calls, &node, &volume).await {
            // On a shared storage the first host removes it for all; one that is gone is no error.
            left.error = Some(error);
            left.failed.push((node, volume));
        }
    }
    left
}

/// The volumes in drives, and whether all virtual machines were looked at. Asked in this order: a machine that appears in between is
/// one that could as well appear after the removal.
async fn look(client: &Client, calls: &Cx) -> Result<(BTreeSet<String>, bool)> {
    let all_seen = client.sees_all_vms(calls).await?;
    Ok((used(client, calls).await?, all_seen))
}

/// Volumes in the drives of all virtual machines that the token sees.
async fn used(client: &Client, calls: &Cx) -> Result<BTreeSet<String>> {
    let places = client.places(calls).await?;
    let configs = stream::iter(places).map(|place| async move {
        match client.config(calls, &place.node, place.vmid).await {
            Ok(config) => Ok(config.values),
            // It went away in between, or is a container.
            Err(error) if error.code == Code::NotFound => Ok(Default::default()),
            Err(error) => Err(error),
        }
    });
    let configs: Vec<Result<_>> = configs.buffer_unordered(AT_ONCE).collect().await;
    let mut used = BTreeSet::new();
    for config in configs {
        let drives = config?.into_iter().filter(|(key, _)| is_drive(key));
        used.extend(drives.filter_map(|(_, drive)| drive.split(',').next().map(str::to_owned)));
    }
    Ok(used)
}
