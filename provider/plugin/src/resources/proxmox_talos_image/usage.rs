//! Removing files that no virtual machine has in a drive. Proxmox VE itself does not look, and a machine whose medium is gone does not
//! start again.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use proxmox_client::codec::is_drive;
use proxmox_client::{Client, Code, Cx, Result};

/// How many configurations are read at the same time.
const AT_ONCE: usize = 8;

/// Removes the volumes that are not in use; gives those that are.
pub async fn remove_unused(
    client: &Client,
    calls: &Cx,
    volumes: Vec<(String, String)>,
) -> Result<Vec<(String, String)>> {
    if volumes.is_empty() {
        return Ok(Vec::new());
    }
    let used = used(client, calls).await?;
    let (left, free): (Vec<_>, Vec<_>) = volumes
        .into_iter()
        .partition(|(_, volume)| used.contains(volume));
    for (node, volume) in free {
        // On a shared storage the first host removes it for all; one that is gone is fine.
        client.remove_volume(calls, &node, &volume).await?;
    }
    Ok(left)
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
