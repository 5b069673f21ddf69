//! What a running machine does about a change of one key.

use proxmox_client::codec::{format_of, slot};

use super::super::sight::Sight;
use super::merge::equal;

/// What a running machine does about a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing is there to do.
    #[default]
    None,
    /// It takes it at once.
    Hot,
    /// It takes it at its next power cycle.
    Pending,
}

/// What a running machine does about one key.
pub fn effect_of(key: &str, old: Option<&String>, new: Option<&String>, live: &Sight) -> Effect {
    const AT_ONCE: [&str; 8] = [
        "name",
        "description",
        "tags",
        "onboot",
        "protection",
        "startup",
        "cpulimit",
        "cpuunits",
    ];
    if AT_ONCE.contains(&key) {
        return Effect::Hot;
    }
    let Some((family, _)) = slot(key) else {
        return Effect::Pending;
    };
    let waits = live.pending.contains_key(key);
    match (family, old, new) {
        ("net" | "usb", _, _) => Effect::Hot,
        ("scsi" | "virtio", None, Some(_)) => Effect::Hot,
        ("scsi" | "virtio", Some(old), Some(new)) if !waits && only_hot_parts(key, old, new) => {
            Effect::Hot
        }
        _ => Effect::Pending,
    }
}

/// Whether a disk's change is one that it takes while it runs.
fn only_hot_parts(key: &str, old: &str, new: &str) -> bool {
    let Some(format) = format_of(key) else {
        return false;
    };
    let (Ok(mut old), Ok(mut new)) = (format.parse(old), format.parse(new)) else {
        return false;
    };
    for part in ["backup", "replicate", "size"] {
        old.remove(part);
        new.remove(part);
    }
    equal(key, &old, &new)
}
