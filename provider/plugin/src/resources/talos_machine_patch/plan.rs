//! What a plan of `talos_machine_patch` says: from configuration and what the refresh saw, nothing else.

use framework::prelude::*;
use serde::{Deserialize, Serialize};
use talos_config::document::Config;
use talos_config::merge::Patch;
use talos_config::ownership::Record;

use super::TalosMachinePatch;
use super::decide::{Decision, PATCHES, decide};
use super::model::MachinePatch;
use crate::keep_boot;
use crate::provider::Data;
use crate::shared::change::{self, listing, text_map};
use crate::shared::config_text::{pack, unpack};
use crate::shared::patch_texts::{self, Patches};
use crate::shared::{access, announce, line};

/// What is owned, and what a refresh saw. As secret as the state file.
#[derive(Serialize, Deserialize, Default, Clone)]
#[serde(default)]
pub struct Private {
    /// It was written here; what core hands over empty was lost.
    pub is_whole: bool,
    /// What this resource owns on the machine.
    pub record: Record,
    /// What it owned before a write that was not seen to take effect.
    pub previous: Option<Record>,
    /// Configuration that the machine had at the last look, packed.
    pub live: String,
    /// Talos's own identity of the machine that the record is about; another one after a new installation.
    pub node_id: Option<String>,
}

impl Private {
    /// Core forgets private state when the plugin dies in an update; the attribute survives.
    pub fn recall(&mut self, state: &MachinePatch) {
        if self.is_whole {
            return;
        }
        self.is_whole = true;
        let kept = state
            .record
            .get()
            .and_then(|text| unpack(text.expose()).ok());
        if let Some(kept) = kept.and_then(|text| serde_json::from_str::<Kept>(&text).ok()) {
            self.record = kept.record;
            self.node_id = kept.node_id;
        }
    }

    /// Whether nothing is owned, by either record.
    pub fn owns_nothing(&self) -> bool {
        self.record.is_empty() && self.previous.as_ref().is_none_or(Record::is_empty)
    }

    /// A machine that was installed anew has nothing of ours: everything is to be laid again.
    pub fn meet(&mut self, node_id: Option<&String>) {
        let Some(seen) = node_id else { return };
        if self.node_id.as_ref().is_some_and(|known| known != seen) {
            self.record = Record::default();
            self.previous = None;
        }
        self.node_id = Some(seen.clone());
    }

    /// The record that fits what the machine has: the new one where the last write took effect, else the one before.
    pub fn record_for(&self, model: &MachinePatch, patches: &[Patch], live: &Config) -> &Record {
        let Some(previous) = &self.previous else {
            return &self.record;
        };
        let took_effect = decide(model, patches, &self.record, live)
            .is_ok_and(|decision| decision.drift.is_empty() && !decision.writes);
        if took_effect { &self.record } else { previous }
    }
}

/// What the attribute `record` holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    record: Record,
    node_id: Option<String>,
}

/// A record as the attribute holds it, with the machine that it is about.
pub fn packed(record: &Record, node_id: Option<&String>) -> Field<Secret<String>> {
    let kept = Kept {
        record: record.clone(),
        node_id: node_id.cloned(),
    };
    let text = serde_json::to_string(&kept).unwrap_or_default();
    Field::Known(Secret::new(pack(&text)))
}

/// Decides what the plan shows.
pub fn plan(data: Option<&Data>, plan: &mut Plan<TalosMachinePatch>) -> Result<(), Diagnostics> {
    if plan.is_destroy() {
        return announce_destroy(plan);
    }
    warn_of_access(data, plan);
    let outcome = planned(plan);
    name_anew(plan);
    outcome
}

fn planned(plan: &mut Plan<TalosMachinePatch>) -> Result<(), Diagnostics> {
    let Some(prior) = plan.prior.clone() else {
        let patches = patch_texts::load_anywhere(&plan.config.patches, PATCHES)?;
        if matches!(patches, Patches::Placeholder) {
            warn_placeholder(plan, PATCHES);
        }
        return Ok(());
    };
    let mut private = plan.prior_private.clone();
    private.recall(&prior);
    plan.private = private.clone();
    let line = line::of(prior.talos_version.as_str());
    let patches = match patch_texts::load(&plan.config.patches, PATCHES, line)? {
        Patches::Known(patches) => patches,
        Patches::Unknown => return Ok(()),
        Patches::Placeholder => {
            warn_placeholder(plan, PATCHES);
            return Ok(());
        }
    };
    let Some(live) = change::kept(&plan.prior_private.live, line) else {
        return Ok(());
    };
    let record = private.record_for(&plan.proposed, &patches, &live);
    let decision = decide(&plan.proposed, &patches, record, &live)?;
    show(plan, &prior, &decision);
    Ok(())
}

fn show(plan: &mut Plan<TalosMachinePatch>, prior: &MachinePatch, decision: &Decision) {
    let node = prior.node.text().to_owned();
    if decision.writes || plan.prior_private.previous.is_some() {
        plan.touch();
        if change::keeps_boot(decision.effect) && plan.prior_private.previous.is_none() {
            keep_boot!(plan.proposed, prior);
        }
        plan.proposed.changes = text_map(decision.changes.clone());
        plan.proposed.plan_effect = decision.effect.into();
        let last = prior.plan_effect.as_str();
        if let Some((summary, detail)) =
            announce::effect(&node, last, decision.effect, &decision.changes)
        {
            plan.warn(summary, detail);
        }
    } else {
        keep_observed(&mut plan.proposed, prior);
    }
    plan.proposed.owned = text_map(decision.owned.clone());
    plan.proposed.config_hash = decision.digest.clone().into();
    let is_new = prior.config_hash.as_str() != Some(&decision.digest);
    if is_new || prior.record.is_null() {
        plan.proposed.record = Field::Unknown;
    }
    if !decision.drift.is_empty() {
        plan.warn(
            format!("TS-DRIFT: {node}: what is patched here was changed on the machine"),
            format!(
                "{}\n\nIt is kept. `on_conflict = \"take\"` writes the patch's values.",
                listing(&decision.drift)
            ),
        );
    }
    warn_kept(plan, &node, &decision.kept);
    if !decision.idle.is_empty() && decision.writes {
        plan.warn(
            format!("TS-PATCH-IDLE: {node}: deletions that find nothing to delete"),
            decision.idle.join("\n"),
        );
    }
}

/// Another name makes another id; the machine stays.
fn name_anew(plan: &mut Plan<TalosMachinePatch>) {
    if plan.prior.is_some() && plan.changed(|model| &model.node) {
        plan.proposed.id = Field::Unknown;
    }
}

/// Placeholders in what the machine is called with.
fn warn_of_access(data: Option<&Data>, plan: &mut Plan<TalosMachinePatch>) {
    let (endpoints, identity) = (&plan.config.endpoints, &plan.config.client_configuration);
    if let Some(attribute) = access::placeholder(data, endpoints, identity) {
        warn_placeholder(plan, attribute);
    }
}

fn warn_placeholder(plan: &mut Plan<TalosMachinePatch>, attribute: &str) {
    let node = plan.config.node.text().to_owned();
    announce::machine_placeholder(plan, &node, attribute);
}

fn warn_kept(plan: &mut Plan<TalosMachinePatch>, node: &str, kept: &[String]) {
    if !kept.is_empty() {
        plan.warn(
            format!(
                "TS-PATCH-KEPT: {node}: paths that leave the patch were changed by somebody else"
            ),
            format!("They stay as they are:\n{}", kept.join("\n")),
        );
    }
}

/// Puts back what was seen: nothing on the machine moves.
fn keep_observed(proposed: &mut MachinePatch, prior: &MachinePatch) {
    let prior = prior.clone();
    proposed.hostname = prior.hostname;
    proposed.addresses = prior.addresses;
    proposed.stage = prior.stage;
    proposed.talos_version = prior.talos_version;
    proposed.schematic_id = prior.schematic_id;
    proposed.boot_id = prior.boot_id;
    proposed.endpoint = prior.endpoint;
    proposed.plan_effect = prior.plan_effect;
    proposed.changes = prior.changes;
    proposed.record = prior.record;
}

/// Destroy has no attributes to show what it takes back: a warning lists it.
fn announce_destroy(plan: &mut Plan<TalosMachinePatch>) -> Result<(), Diagnostics> {
    let Some(prior) = plan.prior.clone() else {
        return Ok(());
    };
    let node = prior.node.text().to_owned();
    if prior.revert_on_destroy.get() == Some(&false) {
        plan.warn(
            format!("TS-PATCH-LEFT: {node}: what was patched stays on the machine"),
            "`revert_on_destroy` is false.",
        );
        return Ok(());
    }
    let line = line::of(prior.talos_version.as_str());
    let Some(live) = change::kept(&plan.prior_private.live, line) else {
        return Ok(());
    };
    let none: [Patch; 0] = [];
    let mut private = plan.prior_private.clone();
    private.recall(&prior);
    let record = private.record_for(&prior, &none, &live);
    let decision = decide(&prior, &none, record, &live)?;
    if decision.writes {
        plan.warn(
            format!(
                "TS-PATCH-REVERT: {node}: paths get back what was there before, effect {}",
                decision.effect
            ),
            listing(&decision.changes),
        );
    }
    warn_kept(plan, &node, &decision.kept);
    Ok(())
}
