//! From what was set before, what is set now and what is there, to what is changed; and what a running machine does about it. Pure.
//!
//! Facts: what Proxmox VE 9.2 was seen to take at once and to leave pending.

mod disks;
mod effect;
mod media;
mod merge;
mod others;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::codec::{Properties, format_of, slot};

use self::disks::{disks, state_disks};
pub use self::effect::Effect;
use self::effect::effect_of;
use self::media::cdroms;
use self::merge::{equal, merged, same_text};
use self::others::{ha, pool, smbios};
pub use self::tell::attribute;
use self::tell::{difference, one_line, shown};
use super::compose::printed;
use super::desired::{Desired, Want};
use super::refuse;
use super::sight::Sight;

/// What is done about high availability.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HaChange {
    /// Nothing.
    #[default]
    None,
    /// It is managed with these settings.
    Add(BTreeMap<String, String>),
    /// These settings change, and those are taken away.
    Set(BTreeMap<String, String>, Vec<String>),
    /// It is not managed any more.
    Remove,
}

/// Everything that is changed on one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Keys with their new values.
    pub set: BTreeMap<String, String>,
    /// Keys that go.
    pub delete: BTreeSet<String>,
    /// Disks that grow to so many GiB.
    pub grow: BTreeMap<String, u64>,
    /// Pool before and after.
    pub pool: Option<(Option<String>, Option<String>)>,
    /// High availability.
    pub ha: HaChange,
    /// Attribute to what is told of it.
    pub changes: BTreeMap<String, String>,
    /// The heaviest of all effects, were it running.
    pub effect: Effect,
}

impl Delta {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds what waits for a power cycle since an earlier change and was not changed again.
    pub fn take_up(&mut self, live: &Sight) {
        for (key, (now, then)) in &live.pending {
            if !self.changes.contains_key(&attribute(key)) {
                let told = format!("{} -> {}", shown(now.as_ref()), shown(then.as_ref()));
                self.tell(key, told, Effect::Pending, live);
            }
        }
    }

    /// Notes a change, and what a running machine does about it.
    pub fn tell(&mut self, key: &str, what: impl Into<String>, effect: Effect, live: &Sight) {
        let what = what.into();
        let when = match effect {
            _ if !live.running => "",
            Effect::None | Effect::Hot => " (hot)",
            Effect::Pending => " (pending)",
        };
        self.changes.insert(attribute(key), format!("{what}{when}"));
        self.effect = self.effect.max(effect);
    }
}

/// Keys that say what kind of computer it is. Taking the attribute away leaves them as they are: their defaults in Proxmox VE are
/// another computer.
const KEPT: [&str; 11] = [
    "bios", "machine", "scsihw", "boot", "cores", "sockets", "numa", "cpu", "memory", "balloon",
    "name",
];

/// Decides, or refuses with every reason. `vmid` tells the machine's own disks from those that somebody attached to it.
pub fn delta(
    vmid: Option<u32>,
    before: &Desired,
    wanted: &Desired,
    macs: &BTreeMap<String, String>,
    live: &Sight,
) -> Result<Delta, Diagnostics> {
    let mut delta = Delta::default();
    let mut refused = Diagnostics::new();
    for (key, want) in &wanted.keys {
        let had = before.keys.get(key);
        if let Err(why) = set_key(key, had, want, macs, live, &mut delta) {
            refused.push(why);
        }
    }
    let gone = before
        .keys
        .keys()
        .filter(|key| !wanted.keys.contains_key(*key));
    for key in gone.filter(|key| !KEPT.contains(&key.as_str())) {
        if let Some(old) = live.values.get(key) {
            delta.delete.insert(key.clone());
            let effect = effect_of(key, Some(old), None, live);
            delta.tell(key, format!("{old} -> none"), effect, live);
        }
    }
    disks(vmid, before, wanted, live, &mut delta, &mut refused);
    state_disks(before, wanted, live, &mut delta, &mut refused);
    cdroms(before, wanted, live, &mut delta, &mut refused);
    if let Err(why) = smbios(before, wanted, live, &mut delta) {
        refused.push(why);
    }
    if before.pool.is_some() || wanted.pool.is_some() {
        pool(wanted, live, &mut delta);
    }
    if before.ha.is_some() || wanted.ha.is_some() {
        ha(before, wanted, live, &mut delta);
    }
    if refused.is_empty() {
        Ok(delta)
    } else {
        Err(refused)
    }
}

fn set_key(
    key: &str,
    had: Option<&Want>,
    want: &Want,
    macs: &BTreeMap<String, String>,
    live: &Sight,
    delta: &mut Delta,
) -> Result<(), Diagnostic> {
    let old = live.values.get(key);
    let (new, told) = match want {
        Want::Text(text) if same_text(key, old, text) => return Ok(()),
        Want::Text(text) => (
            text.clone(),
            format!("{} -> {}", shown(old), one_line(text)),
        ),
        Want::Parts(parts) => {
            let present = old.and_then(|old| format_of(key)?.parse(old).ok());
            let had = match had {
                Some(Want::Parts(had)) => Some(had),
                _ => None,
            };
            let merged = merged(key, present.as_ref(), had, parts, macs);
            if present
                .as_ref()
                .is_some_and(|present| equal(key, present, &merged))
            {
                return Ok(());
            }
            let told = difference(present.as_ref(), &merged);
            refuse_root_only(key, &merged)?;
            (
                printed(key, &merged)
                    .map_err(|error| refuse::malformed(&attribute(key), &error))?,
                told,
            )
        }
    };
    let effect = effect_of(key, old, Some(&new), live);
    delta.set.insert(key.to_owned(), new);
    delta.tell(key, told, effect, live);
    Ok(())
}

/// API tokens cannot set raw devices.
fn refuse_root_only(key: &str, parts: &Properties) -> Result<(), Diagnostic> {
    let raw = parts
        .get("host")
        .filter(|host| !host.eq_ignore_ascii_case("spice"));
    match (slot(key), raw) {
        (Some(("hostpci" | "usb", _)), Some(_)) => Err(refuse::root_only(&attribute(key))),
        _ => Ok(()),
    }
}
