//! Media in CD-ROM drives.

use framework::prelude::*;
use proxmox_client::codec::format_of;

use super::super::compose::{cdrom, printed};
use super::super::desired::Desired;
use super::super::refuse;
use super::super::sight::Sight;
use super::Delta;
use super::effect::Effect;

pub fn cdroms(
    before: &Desired,
    wanted: &Desired,
    live: &Sight,
    delta: &mut Delta,
    refused: &mut Diagnostics,
) {
    for (slot, volume) in &wanted.cdroms {
        let old = live.values.get(slot);
        let present = old.and_then(|old| format_of(slot)?.parse(old).ok());
        if present
            .as_ref()
            .is_some_and(|present| present.get("media") != Some("cdrom"))
        {
            refused.push(refuse::occupied(
                &format!("cdroms.{slot}"),
                old.map_or("", String::as_str),
            ));
            continue;
        }
        let medium = present.as_ref().and_then(|present| present.get("file"));
        if medium == Some(volume) {
            continue;
        }
        if let Ok(new) = printed(slot, &cdrom(volume)) {
            let effect = if present.is_some() && !live.pending.contains_key(slot) {
                Effect::Hot
            } else {
                Effect::Pending
            };
            delta.set.insert(slot.clone(), new);
            delta.tell(
                &format!("cdroms.{slot}"),
                format!("{} -> {volume}", medium.unwrap_or("none")),
                effect,
                live,
            );
        }
    }
    let gone = before
        .cdroms
        .keys()
        .filter(|slot| !wanted.cdroms.contains_key(*slot) && !wanted.disks.contains_key(*slot));
    for slot in gone {
        if live.values.contains_key(slot) {
            delta.delete.insert(slot.clone());
            delta.tell(&format!("cdroms.{slot}"), "removed", Effect::Pending, live);
        }
    }
}
