//! What a plan of `proxmox_talos_vm` says: from configuration and what the refresh saw, nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::model::{TfValue, go_text};
use framework::prelude::*;
use serde::{Deserialize, Serialize};

use super::TalosVmResource;
use super::check::has_placeholder;
use super::delta::{Delta, Effect, delta};
use super::describe::{addresses, install_disk, macs};
use super::desired::{Desired, desired, slots};
use super::identity::mac;
use super::model::TalosVm;
use super::power;
use super::refuse;
use super::seed::seed_image;
use super::sight::Sight;
use super::superseded::Superseded;
use crate::shared::access::Unusable;
use crate::shared::announce;
use crate::shared::change::{listing, text_map};
use crate::shared::placeholder::is_placeholder_text;
use crate::shared::proxmox;

/// What a refresh saw, and what is not done yet.
#[derive(Serialize, Deserialize, Default, Clone)]
#[serde(default)]
pub struct Private {
    /// The machine at the last look; its host is empty before the first one.
    pub sight: Sight,
    /// Attributes were filled in by an import: what configuration leaves out is left alone once.
    pub imported: bool,
    /// A creation or change was interrupted: the next plan goes on with it.
    pub unfinished: bool,
    /// Images of seeds that the next change, or the end of the machine, takes away.
    pub superseded: Superseded,
}

/// Decides what the plan shows.
pub fn plan(
    cluster: &str,
    access: Option<Result<(), Unusable>>,
    plan: &mut Plan<TalosVmResource>,
) -> Result<(), Diagnostics> {
    if plan.is_destroy() {
        return destroy(plan);
    }
    let name = plan.config.name.text().to_owned();
    if let Some((summary, detail)) = proxmox::announce_placeholder(&name, access) {
        plan.warn(summary, detail);
    }
    if let Some(attribute) = placeholder(&plan.config) {
        plan.warn(
            announce::placeholder(&name, &attribute),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    match plan.prior.clone() {
        None => create(cluster, plan),
        Some(prior) => update(cluster, &name, &prior, plan)?,
    }
    Ok(())
}

/// The first attribute that stands in for a value of an earlier stage.
pub fn placeholder(model: &TalosVm) -> Option<String> {
    let stands_in = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_text);
    if stands_in(&model.node) {
        return Some("node".to_owned());
    }
    let cdroms = slots(&model.cdroms)
        .filter(|(_, cdrom)| stands_in(&cdrom.volume))
        .map(|(slot, _)| format!("cdroms.{slot}"));
    let disks = slots(&model.disks)
        .filter(|(_, disk)| stands_in(&disk.storage) || stands_in(&disk.import_from))
        .map(|(slot, _)| format!("disks.{slot}"));
    let nics = slots(&model.nics)
        .filter(|(_, nic)| stands_in(&nic.bridge))
        .map(|(slot, _)| format!("nics.{slot}"));
    let seed = model
        .network_seed
        .get()
        .filter(|seed| stands_in(&seed.storage) || has_placeholder(seed))
        .map(|_| "network_seed".to_owned());
    cdroms.chain(disks).chain(nics).chain(seed).next()
}

/// What is known of a machine before it exists.
fn create(cluster: &str, plan: &mut Plan<TalosVmResource>) {
    let model = &mut plan.proposed;
    if let Some(vmid) = model.vmid.get() {
        model.id = vmid.to_string().into();
    }
    foretell::<()>(cluster, &Sight::default(), &BTreeMap::new(), model);
    model.plan_effect = "none".into();
    model.changes = text_map(BTreeMap::new());
}

/// Computed values that follow from the attributes, where nothing is unknown that they follow from. `had` are the interfaces that
/// were set before.
fn foretell<T>(cluster: &str, sight: &Sight, had: &BTreeMap<String, T>, model: &mut TalosVm) {
    if model.name.is_unknown() || !model.nics.encode().is_wholly_known() {
        return;
    }
    let mut found = macs(sight);
    found.extend(hardware_addresses(cluster, model, sight));
    let set = |slot: &String| model.nics.get().is_some_and(|nics| nics.contains_key(slot));
    let unmanaged = |slot: &String| sight.values.contains_key(slot) && !had.contains_key(slot);
    found.retain(|slot, _| set(slot) || unmanaged(slot));
    model.mac_addresses = text_map(found.clone());
    let told_by_guest = model
        .agent
        .get()
        .is_some_and(|agent| agent.enabled.get() != Some(&false));
    if model.network_seed.encode().is_wholly_known() && !told_by_guest {
        let (v4, v6, endpoints) = addresses(model, &Sight::default(), &found);
        model.ipv4_addresses = Field::Known(v4);
        model.ipv6_addresses = Field::Known(v6);
        model.talos_endpoints = Field::Known(endpoints.into_iter().map(Field::Known).collect());
    }
    if !model.disks.is_unknown() && model.boot_order.encode().is_wholly_known() {
        let sight = (!sight.node.is_empty()).then_some(sight);
        model.install_disk = install_disk(model, sight).into();
    }
}

/// The hardware address of every interface that is set: its own, the one it has, or one that follows from the names.
pub fn hardware_addresses(
    cluster: &str,
    model: &TalosVm,
    sight: &Sight,
) -> BTreeMap<String, String> {
    let present = macs(sight);
    let of = |slot: &String, set: &Field<String>| {
        let set = set.cloned().or_else(|| present.get(slot).cloned());
        set.unwrap_or_else(|| mac(cluster, model.name.text(), slot))
    };
    slots(&model.nics)
        .map(|(slot, nic)| (slot.clone(), of(slot, &nic.mac)))
        .collect()
}

/// What the attributes ask for, the seed's drive included.
pub fn wanted(cluster: &str, model: &TalosVm, sight: &Sight) -> Desired {
    let mut desired = desired(model);
    if let Some(seed) = seed_image(model, &hardware_addresses(cluster, model, sight)) {
        let volume = seed.volume();
        desired.cdroms.insert(seed.slot, volume);
    }
    desired
}

/// What is changed on a machine that was seen. `imported`: what configuration leaves out was never set.
pub fn decide(
    cluster: &str,
    prior: &TalosVm,
    proposed: &TalosVm,
    private: &Private,
) -> Result<Delta, Diagnostics> {
    let sight = &private.sight;
    let wanted = wanted(cluster, proposed, sight);
    // What an import filled in and configuration leaves out was never set: nothing is taken away.
    let before = if private.imported {
        wanted.clone()
    } else {
        self::wanted(cluster, prior, sight)
    };
    let macs = hardware_addresses(cluster, proposed, sight);
    let vmid = prior.vmid.get().and_then(|vmid| u32::try_from(*vmid).ok());
    let mut delta = delta(vmid, &before, &wanted, &macs, sight)?;
    if cycles(proposed) && sight.running {
        delta.take_up(sight);
    }
    let (now, then) = (power(sight.running), proposed.power_state.text());
    if now != then {
        delta
            .changes
            .insert("power_state".to_owned(), format!("{now} -> {then}"));
    }
    Ok(delta)
}

fn power(running: bool) -> &'static str {
    if running { "running" } else { "stopped" }
}

fn update(
    cluster: &str,
    name: &str,
    prior: &TalosVm,
    plan: &mut Plan<TalosVmResource>,
) -> Result<(), Diagnostics> {
    let private = plan.prior_private.clone();
    refuse_replacement(prior, &plan.config, &private.sight)?;
    let never_seen = private.sight.node.is_empty();
    if !plan.config.encode().is_wholly_known()
        || (never_seen && (plan.changes() || private.unfinished))
    {
        plan.touch();
        return Ok(());
    }
    if never_seen {
        return Ok(());
    }
    let delta = decide(cluster, prior, &plan.proposed, &private)?;
    // What is left over goes with the next change, whatever that is.
    let sweeps = !private.superseded.is_empty() && plan.changes();
    if delta.is_empty() && !private.unfinished && !sweeps {
        keep_observed(&mut plan.proposed, prior);
        return Ok(());
    }
    plan.touch();
    let nics = prior.nics.cloned().unwrap_or_default();
    foretell(cluster, &private.sight, &nics, &mut plan.proposed);
    let effect = effect_name(&delta, &private.sight, &plan.proposed);
    plan.proposed.plan_effect = effect.into();
    plan.proposed.changes = text_map(delta.changes.clone());
    announce(name, effect, &delta, plan);
    Ok(())
}

/// What cannot change without making another machine.
fn refuse_replacement(prior: &TalosVm, config: &TalosVm, sight: &Sight) -> Result<(), Diagnostics> {
    let mut refused = Diagnostics::new();
    if let (Some(from), Some(to)) = (prior.vmid.get(), config.vmid.get())
        && from != to
    {
        let how = "A vmid is for life. Set it back; or make another machine beside this one, move the node to it, and take this one away.";
        refused.push(refuse::replaced(
            "vmid",
            &from.to_string(),
            &to.to_string(),
            how,
        ));
    }
    if let (Some(from), Some(to)) = (prior.node.as_str(), config.node.as_str())
        && from != to
        && !sight.node.is_empty()
        && to != sight.node
    {
        let how = format!(
            "It is on {}. Move it in Proxmox VE (qm migrate {} {to} --online), then plan again; `node` says where it is created.",
            sight.node,
            prior.id.text()
        );
        refused.push(refuse::replaced("node", from, to, &how));
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(refused)
    }
}

/// Whether a machine may be shut down and started again for what waits for it.
pub fn cycles(model: &TalosVm) -> bool {
    model.reboot_policy.text() == "if_required" && model.power_state.text() == "running"
}

/// What the changes come to on this machine.
pub fn effect_name(delta: &Delta, sight: &Sight, model: &TalosVm) -> &'static str {
    match delta.effect {
        _ if delta.is_empty() => "none",
        _ if !sight.running => "offline",
        _ if model.power_state.text() == "stopped" => "power_off",
        Effect::Pending if cycles(model) => "power_cycle",
        Effect::Pending => "pending",
        Effect::None | Effect::Hot => "hot",
    }
}

fn announce(name: &str, effect: &str, delta: &Delta, plan: &mut Plan<TalosVmResource>) {
    let list = listing(&delta.changes);
    match effect {
        "power_cycle" => plan.warn(
            format!("TS-VM-POWER-CYCLE: {name}: the machine is shut down and started again"),
            format!(
                "{list}\n\nThe guest gets {} to shut down, half of `timeouts.update`; then {}. \
                 `reboot_policy` is \"if_required\". Set it to \"never\" to leave these changes pending.",
                go_text(power::Shutdown::for_cycle(&plan.proposed).patience),
                ending(&plan.proposed),
            ),
        ),
        "power_off" => plan.warn(
            format!("TS-VM-POWER-OFF: {name}: the machine is shut down and stays off"),
            format!(
                "{list}\n\nThe guest gets {} to shut down, half of `timeouts.update`, or less where other changes come first; then {}. \
                 `power_state` is \"stopped\". Machines are stopped at the same time, and nobody asks etcd: see that its members \
                 that stay on are more than half.",
                go_text(power::Shutdown::for_now(&plan.proposed, time(&plan.proposed)).patience),
                ending(&plan.proposed),
            ),
        ),
        "pending" => plan.warn(
            format!("TS-VM-PENDING: {name}: changes wait for the next power cycle"),
            format!(
                "{list}\n\nWhat is marked pending takes effect when the machine is shut down and started again, not when the guest restarts. \
                 `reboot_policy = \"if_required\"` does that."
            ),
        ),
        _ => {}
    }
}

/// What becomes of a guest that does not shut down.
fn ending(model: &TalosVm) -> &'static str {
    let managed = model
        .ha
        .get()
        .is_some_and(|ha| ha.state.as_str() != Some("ignored"));
    match (power::may_cut(model), managed) {
        (true, _) => "its power is cut",
        (false, true) => {
            "high availability stops it by force, whatever `on_destroy.force_stop` says"
        }
        (false, false) => "it is left running, and the update fails",
    }
}

/// How long an update may take.
pub fn time(model: &TalosVm) -> Duration {
    let set = model.timeouts.get().and_then(|set| set.update.get());
    set.map_or(TalosVmResource::TIMEOUTS.update, GoDuration::value)
}

/// Puts back what was seen: nothing on the machine moves.
fn keep_observed(proposed: &mut TalosVm, prior: &TalosVm) {
    let prior = prior.clone();
    proposed.current_node = prior.current_node;
    proposed.status = prior.status;
    proposed.mac_addresses = prior.mac_addresses;
    proposed.ipv4_addresses = prior.ipv4_addresses;
    proposed.ipv6_addresses = prior.ipv6_addresses;
    proposed.talos_endpoints = prior.talos_endpoints;
    proposed.install_disk = prior.install_disk;
    proposed.pending_changes = prior.pending_changes;
    proposed.reboot_required = prior.reboot_required;
    proposed.unmanaged = prior.unmanaged;
    proposed.plan_effect = prior.plan_effect;
    proposed.changes = prior.changes;
}

fn destroy(plan: &mut Plan<TalosVmResource>) -> Result<(), Diagnostics> {
    match &plan.prior {
        Some(prior) => {
            let private = &plan.prior_private;
            // Whether it was started is looked at when it is destroyed.
            let unstarted = private.unfinished && !private.sight.running;
            refuse_destroy(prior, &private.sight, unstarted)
        }
        None => Ok(()),
    }
}

/// What stands against destroying a machine. One that was never started has nothing to protect.
pub fn refuse_destroy(prior: &TalosVm, sight: &Sight, unstarted: bool) -> Result<(), Diagnostics> {
    if !unstarted {
        refuse_protected(prior, sight)?;
    }
    refuse_foreign(prior, sight)
}

fn refuse_protected(prior: &TalosVm, sight: &Sight) -> Result<(), Diagnostics> {
    let name = prior.name.text();
    if prior.deletion_protection.get() == Some(&true) {
        return Err(Diagnostics::from(Diagnostic::error(
            format!("TS-VM-DELETION-PROTECTED: {name} is protected from deletion"),
            "`deletion_protection` is true in state. Set it to false and apply, then destroy.",
        )));
    }
    if sight.values.get("protection").is_some_and(|on| on == "1") {
        return Err(Diagnostics::from(Diagnostic::error(
            format!("TS-VM-DELETION-PROTECTED: {name} is protected in Proxmox VE"),
            "Its `protection` is on. Set `protection = false` and apply, then destroy.",
        )));
    }
    Ok(())
}

fn refuse_foreign(prior: &TalosVm, sight: &Sight) -> Result<(), Diagnostics> {
    let name = prior.name.text();
    let ignores = prior
        .on_destroy
        .get()
        .is_some_and(|how| how.foreign_disks.text() == "ignore");
    let foreign = foreign_disks(prior, sight);
    if !ignores && !foreign.is_empty() {
        return Err(Diagnostics::from(Diagnostic::error(
            format!("TS-VM-FOREIGN-DISKS: {name} has disks that are not set here"),
            format!(
                "{}\n\nDestroying the machine would destroy those that belong to its vmid, and break what uses the others. Nothing is changed.\n\n\
                 Detach them, or set `on_destroy.foreign_disks = \"ignore\"` and apply, then destroy.",
                foreign.join("\n")
            ),
        )));
    }
    Ok(())
}

/// Disks that are there and not set: `slot: volume`.
fn foreign_disks(model: &TalosVm, sight: &Sight) -> Vec<String> {
    let unmanaged = super::describe::unmanaged(model, sight);
    let is_disk = |key: &str, value: &str| {
        let disk = [
            "scsi", "virtio", "sata", "ide", "unused", "efidisk", "tpmstate",
        ];
        let family = proxmox_client::codec::slot(key).map_or("", |(family, _)| family);
        disk.contains(&family) && !value.contains("media=cdrom") && !value.contains("cloudinit")
    };
    let foreign = unmanaged.iter().filter(|(key, value)| is_disk(key, value));
    foreign
        .map(|(key, value)| format!("{key}: {value}"))
        .collect()
}
