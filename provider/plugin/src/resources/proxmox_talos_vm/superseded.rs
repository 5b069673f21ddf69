//! Images of seeds that are in no drive any more: which ones they are, and how they go.
//!
//! A run may die at any moment. So they are noted before anything is done about a seed, and each refresh notes what state says is in
//! the drive and is not.

use std::collections::{BTreeMap, BTreeSet};

use super::desired::slots;
use super::job::{Job, seed_volume};
use super::model::TalosVm;
use super::plan::Private;
use super::seed::seed_image;
use super::sight::Sight;

/// Images that are to go once they are in no drive: host and volume.
pub type Superseded = BTreeSet<(String, String)>;

/// The images of a machine's seed: the one in its drive, and the one that its attributes make with these hardware addresses.
pub fn images(model: &TalosVm, macs: &BTreeMap<String, String>, sight: &Sight) -> Superseded {
    let complete = slots(&model.nics).all(|(slot, _)| macs.contains_key(slot));
    let made = seed_image(model, macs).filter(|_| complete);
    let made = made.map(|image| image.volume());
    let volumes = seed_volume(model, sight).into_iter().chain(made);
    volumes.map(|volume| (sight.node.clone(), volume)).collect()
}

/// The same of a machine whose hardware addresses state tells.
pub fn images_of(state: &TalosVm, sight: &Sight) -> Superseded {
    let macs = slots(&state.mac_addresses).map(|(slot, mac)| (slot.clone(), mac.clone()));
    images(state, &macs.collect(), sight)
}

/// What a refresh finds left over: what was or should have been in the drive and is not. `private` holds the look before.
pub fn left_over(private: &Private, state: &TalosVm, now: &Sight) -> Superseded {
    let mut before = private.sight.clone();
    if before.node.is_empty() {
        before.node.clone_from(&now.node);
    }
    let mut left = private.superseded.clone();
    left.extend(images_of(state, &before));
    left.retain(|(_, volume)| !is_wanted(now, volume));
    left
}

/// Whether it is in a drive, or will be with the next start.
fn is_wanted(sight: &Sight, volume: &str) -> bool {
    sight.values.values().any(|drive| names(drive, volume))
}

/// Whether the running machine still has it in a drive, which it will not with its next start.
fn is_in_use(sight: &Sight, volume: &str) -> bool {
    let mut now = sight.pending.values().filter_map(|(now, _)| now.as_ref());
    now.any(|drive| names(drive, volume))
}

fn names(drive: &str, volume: &str) -> bool {
    drive.split(',').next() == Some(volume)
}

/// Removes those that are in no drive, and gives those that are still to go. What cannot be removed is told.
pub async fn sweep(job: &Job<'_>, superseded: Superseded, sight: &Sight) -> Superseded {
    let mut left = Superseded::new();
    for (node, volume) in superseded {
        if is_wanted(sight, &volume) {
            continue;
        }
        if is_in_use(sight, &volume) || !job.remove_volume(&node, &volume).await {
            left.insert((node, volume));
        }
    }
    left
}
