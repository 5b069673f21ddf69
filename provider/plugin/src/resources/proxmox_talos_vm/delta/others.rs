//! What Proxmox VE keeps in a way of its own: SMBIOS, the pool and high availability.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::codec::Smbios;

use super::super::desired::Desired;
use super::super::refuse;
use super::super::sight::Sight;
use super::effect::Effect;
use super::tell::shown;
use super::{Delta, HaChange};

/// The UUID and the mark stay whatever is set.
pub fn smbios(
    before: &Desired,
    wanted: &Desired,
    live: &Sight,
    delta: &mut Delta,
) -> Result<(), Diagnostic> {
    const KEY: &str = "smbios1";
    let old = live.values.get(KEY).map_or("", String::as_str);
    let present = Smbios::parse(old).map_err(|error| refuse::malformed(KEY, &error))?;
    let mut next = present.clone();
    for field in before
        .smbios
        .keys()
        .filter(|field| !wanted.smbios.contains_key(*field))
    {
        next.texts.remove(field);
    }
    next.texts.extend(wanted.smbios.clone());
    if next == present {
        return Ok(());
    }
    let fields: BTreeSet<&String> = next.texts.keys().chain(present.texts.keys()).collect();
    let told = fields
        .into_iter()
        .filter(|field| next.texts.get(*field) != present.texts.get(*field));
    let told: Vec<String> = told
        .map(|field| {
            format!(
                "{field}: {} -> {}",
                shown(present.texts.get(field)),
                shown(next.texts.get(field))
            )
        })
        .collect();
    let new = next
        .print()
        .map_err(|error| refuse::malformed("smbios", &error))?;
    delta.set.insert(KEY.to_owned(), new);
    delta.tell(KEY, told.join(", "), Effect::Pending, live);
    Ok(())
}

pub fn pool(wanted: &Desired, live: &Sight, delta: &mut Delta) {
    if wanted.pool != live.pool {
        delta.pool = Some((live.pool.clone(), wanted.pool.clone()));
        let told = format!(
            "{} -> {}",
            shown(live.pool.as_ref()),
            shown(wanted.pool.as_ref())
        );
        delta.tell("pool", told, Effect::Hot, live);
    }
}

pub fn ha(before: &Desired, wanted: &Desired, live: &Sight, delta: &mut Delta) {
    let (change, told) = match (&wanted.ha, &live.ha) {
        (None, None) => return,
        (None, Some(_)) => (HaChange::Remove, "removed".to_owned()),
        (Some(wanted), None) => (HaChange::Add(wanted.clone()), "added".to_owned()),
        (Some(wanted), Some(present)) => {
            let set: BTreeMap<String, String> = wanted
                .iter()
                .filter(|(name, value)| present.get(*name) != Some(value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let had = before.ha.iter().flat_map(BTreeMap::keys);
            let unset: Vec<String> = had
                .filter(|name| !wanted.contains_key(*name) && present.contains_key(*name))
                .cloned()
                .collect();
            if set.is_empty() && unset.is_empty() {
                return;
            }
            let names: Vec<&str> = set.keys().chain(&unset).map(String::as_str).collect();
            let told = names.join(", ");
            (HaChange::Set(set, unset), told)
        }
    };
    delta.ha = change;
    delta.tell("ha", told, Effect::Hot, live);
}
