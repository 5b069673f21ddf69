//! Changes that would lose something, and how they are done instead.

use framework::prelude::*;
use proxmox_client::codec::{Malformed, Size};

fn at(place: &str, diagnostic: Diagnostic) -> Diagnostic {
    let mut path = Path::root();
    for step in place.split('.') {
        // The members of these maps are slots.
        path = if path.0.is_empty() || !step.ends_with(|c: char| c.is_ascii_digit()) {
            path.attr(step)
        } else {
            path.key(step)
        };
    }
    diagnostic.at(path)
}

/// Without a vmid the name tells which machine an interrupted run made.
pub fn namesakes(name: &str) -> Diagnostic {
    let summary = format!("TS-INPUT-CONFLICT: two machines are called {name:?}");
    let detail = "Both are to be made by this run, and neither has a vmid: after an interruption one could be taken for the other. Nothing is changed.\n\n\
         Give one of them another name, or set `vmid` on both.";
    Diagnostic::error(summary, detail).at("name")
}

/// A disk cannot become smaller.
pub fn shrink(place: &str, size: Size, wanted: Size) -> Diagnostic {
    let summary = format!("TS-VM-DISK-SHRINK: {place} would shrink from {size} to {wanted}");
    let detail = format!(
        "Proxmox VE does not shrink disks, and what is on this one would be cut off. Nothing is changed.\n\n\
         Set `size_gib` to {} or more. To get a smaller disk, add another one, let Talos use that, and take this one away afterwards.",
        size.gib()
    );
    at(place, Diagnostic::error(summary, detail))
}

/// A disk is not taken away by an edit.
pub fn removed(place: &str, slot: &str, volume: &str) -> Diagnostic {
    let summary = format!("TS-VM-DISK-REMOVED: {place} is not set any more");
    let detail = format!(
        "The disk is there ({volume}), and taking it away would lose what is on it. Nothing is changed.\n\n\
         To keep it, set it again. To take it away, detach it in Proxmox VE (qm disk unlink VMID --idlist {slot}), then plan again."
    );
    at(place, Diagnostic::error(summary, detail))
}

/// A disk is moved in Proxmox VE.
pub fn moved(place: &str, from: &str, to: &str) -> Diagnostic {
    let summary = format!("TS-VM-DISK-MOVED: {place} is on storage {from} and not on {to}");
    let detail = format!(
        "Making it on {to} would leave behind what is on it. Nothing is changed.\n\n\
         Move it in Proxmox VE (qm disk move VMID SLOT {to}), which works while the machine runs, then plan again; or set `storage` to {from:?}."
    );
    at(place, Diagnostic::error(summary, detail))
}

/// Something else is in the slot.
pub fn occupied(place: &str, volume: &str) -> Diagnostic {
    let summary = format!("TS-VM-SLOT-TAKEN: {place}: something else is in this slot");
    let detail = format!(
        "In the slot is {volume}, which was not set here. It is left alone.\n\n\
         Choose another slot, or detach it in Proxmox VE and plan again."
    );
    at(place, Diagnostic::error(summary, detail))
}

/// What firmware keeps its state on stays as it is.
pub fn fixed(place: &str, volume: &str) -> Diagnostic {
    let summary = format!("TS-VM-FIXED: {place} cannot be changed");
    let detail = format!(
        "It is {volume}. Making it anew would lose what the firmware or the security chip keeps on it: start entries, enrolled keys, \
         keys of encrypted disks. Nothing is changed.\n\nSet it back."
    );
    at(place, Diagnostic::error(summary, detail))
}

/// Only root may set raw devices.
pub fn root_only(place: &str) -> Diagnostic {
    let summary = format!("TS-VM-ROOT-ONLY: {place} names a device of the host by its address");
    let detail = "Proxmox VE lets only root@pam with a password set that, and no API token.\n\n\
         Make a mapping (Datacenter, Resource Mappings) and set `mapping` to its name.";
    at(place, Diagnostic::error(summary, detail))
}

/// An identity does not change.
pub fn replaced(place: &str, from: &str, to: &str, how: &str) -> Diagnostic {
    let summary = format!("TS-VM-REPLACE: {place} cannot change from {from} to {to}");
    at(
        place,
        Diagnostic::error(
            summary,
            format!("Nothing is changed, and the machine is not replaced.\n\n{how}"),
        ),
    )
}

/// A value that Proxmox VE would refuse.
pub fn malformed(place: &str, error: &Malformed) -> Diagnostic {
    let summary = format!("TS-VM-INVALID: {place} has a value that Proxmox VE does not take");
    at(
        place,
        Diagnostic::error(summary, format!("{error}. Correct it.")),
    )
}
