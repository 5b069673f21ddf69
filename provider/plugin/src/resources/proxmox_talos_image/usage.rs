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
    pub error: Option<Stopped>,
}

/// What ended a removal early.
pub enum Stopped {
    /// Looking failed: nobody was asked to remove anything.
    Unseen(Error),
    /// The removal itself failed, or nobody said how it ended.
    Call(Error),
}

impl Stopped {
    /// The failure.
    pub fn error(&self) -> &Error {
        match self {
            Self::Unseen(error) | Self::Call(error) => error,
        }
    }

    fn is_silence(&self) -> bool {
        matches!(self, Self::Unseen(error) if error.code.is_out_of_reach())
    }
}

impl Left {
    /// The first failure is told; one that says more than that nobody answered comes before the others.
    fn stopped(&mut self, by: Stopped) {
        if self.error.as_ref().is_none_or(Stopped::is_silence) {
            self.error = Some(by);
        }
    }

    /// All of them, whatever the reason.
    pub fn all(self) -> Vec<Place> {
        [self.used, self.unseen, self.failed].concat()
    }

    /// What is told of files that another cluster may need, if there are any.
    pub fn told_unseen(&self, name: &str) -> Option<(String, String)> {
        if self.unseen.is_empty() {
            return None;
        }
        Some((
            format!("TS-IMAGE-KEPT: {name}: files of the image were not removed"),
            format!(
                "Left: {}\nCause: the API token sees only some of the virtual machines, and one that it does not see may have the file in a \
                 drive and could not start again without it.\n\
                 Cure: give the token (and, with privilege separation, its user) VM.Audit on /vms with propagation, for instance \
                 pveum acl modify /vms --tokens 'USER@REALM!NAME' --roles PVEAuditor; or remove the file by hand (pvesm free VOLUME) once \
                 no machine needs it.",
                listed(&self.unseen)
            ),
        ))
    }
}

/// What is told of files that may be somebody else's, if there are any.
pub fn told_unrecorded(name: &str, unrecorded: &BTreeSet<Place>) -> Option<(String, String)> {
    if unrecorded.is_empty() {
        return None;
    }
    Some((
        format!("TS-IMAGE-KEPT: {name}: files that may be somebody else's were not removed"),
        format!(
            "Left: {}\nCause: state comes from a version of the provider that did not record what it delivered.\n\
             Cure: remove the file by hand (pvesm free VOLUME) once no machine needs it.",
            listed(unrecorded)
        ),
    ))
}

fn listed<'a>(places: impl IntoIterator<Item = &'a Place>) -> String {
    let places = places.into_iter();
    let places = places.map(|(node, volume)| format!("{volume} on {node}"));
    places.collect::<Vec<_>>().join(", ")
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
            left.stopped(Stopped::Unseen(error));
            return left;
        }
    };
    let mut free = Vec::new();
    for (node, volume) in volumes {
        if used.contains(&volume) {
            left.used.push((node, volume));
        } else if !all_seen {
            left.unseen.push((node, volume));
        } else {
            free.push((node, volume));
        }
    }
    remove(client, calls, free, &mut left).await;
    left
}

/// Removes volumes that nobody needs. What lies on a shared storage goes for all hosts at once, whichever of them does it.
async fn remove(client: &Client, calls: &Cx, mut free: Vec<Place>, left: &mut Left) {
    if free.is_empty() {
        return;
    }
    match client.nodes(calls).await {
        Ok(nodes) => {
            let is_online = |name: &str| nodes.iter().any(|node| node.online && node.name == name);
            free.sort_by_key(|(node, _)| !is_online(node));
        }
        Err(error) => left.stopped(Stopped::Unseen(error)),
    }
    let mut gone = BTreeSet::new();
    for (node, volume) in free {
        if gone.contains(&volume) {
            continue;
        }
        match remove_one(client, calls, &node, &volume).await {
            Ok(true) => {
                gone.insert(volume);
            }
            Ok(false) => {}
            Err(stopped) => {
                left.stopped(stopped);
                left.failed.push((node, volume));
            }
        }
    }
}

/// Removes a volume from a host; whether it is gone from all hosts then. One that is not there is no error.
async fn remove_one(
    client: &Client,
    calls: &Cx,
    node: &str,
    volume: &str,
) -> Result<bool, Stopped> {
    let storage = volume.split(':').next().unwrap_or_default();
    match client.storage(calls, node, storage).await {
        Ok(storage) => {
            let removed = client.remove_volume(calls, node, volume).await;
            removed.map_err(Stopped::Call)?;
            Ok(storage.shared)
        }
        // The host left the cluster, and its own files went with it.
        Err(error) if error.code == Code::HostUnknown => Ok(false),
        Err(error) => Err(Stopped::Unseen(error)),
    }
}

/// The volumes in drives, and whether all virtual machines were looked at. Asked in this order: a machine that appears in between is
/// one that could as well appear after the removal.
async fn look(client: &Client, calls: &Cx) -> Result<(BTreeSet<String>, bool)> {
    let all_seen = client.sees_all_vms(calls).await?;
    let (used, all_read) = used(client, calls).await?;
    Ok((used, all_seen && all_read))
}

/// Volumes in the drives of all virtual machines that the token sees, and whether it may read all of their configurations.
async fn used(client: &Client, calls: &Cx) -> Result<(BTreeSet<String>, bool)> {
    let places = client.places(calls).await?;
    let configs = stream::iter(places).map(|place| async move {
        match client.config(calls, &place.node, place.vmid).await {
            Ok(config) => Ok(Some(config.values)),
            // It went away in between, or is a container.
            Err(error) if error.code == Code::NotFound => Ok(Some(Default::default())),
            Err(error) if error.code == Code::Permission => Ok(None),
            Err(error) => Err(error),
        }
    });
    let configs: Vec<Result<_>> = configs.buffer_unordered(AT_ONCE).collect().await;
    let mut used = BTreeSet::new();
    let mut all_read = true;
    for config in configs {
        let Some(values) = config? else {
            all_read = false;
            continue;
        };
        let drives = values.into_iter().filter(|(key, _)| is_drive(key));
        used.extend(drives.filter_map(|(_, drive)| drive.split(',').next().map(str::to_owned)));
    }
    Ok((used, all_read))
}
