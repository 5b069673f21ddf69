//! What a plan of `talos_machine_apply` says: from configuration and what the refresh saw, nothing else.

use std::collections::BTreeMap;

use framework::prelude::*;
use serde::{Deserialize, Serialize};
use talos_config::diff::diff;

use super::TalosMachineApply;
use super::decide::{Decision, decide};
use super::desired::{Desired, desired, desired_anywhere};
use super::model::MachineApply;
use crate::keep_boot;
use crate::provider::Data;
use crate::shared::change::{self, listing, text_map};
use crate::shared::config_text::pack;
use crate::shared::{access, announce, line};

/// What a refresh saw and what was applied last. Configurations are packed, and as secret as the state file.
#[derive(Serialize, Deserialize, Default, Clone)]
#[serde(default)]
pub struct Private {
    /// Configuration that this resource wrote last.
    pub last_applied: String,
    /// Configuration that the machine had at the last look.
    pub live: String,
    /// The machine was in maintenance mode at the last look: it lost its configuration.
    pub maintenance: bool,
    /// The last write was not seen to take effect: the next plan goes on with it.
    pub unfinished: bool,
}

impl Private {
    /// Core forgets private state when the plugin dies in an update. The attributes survive, and what was applied last
    /// follows from them, unless the configuration was write-only.
    pub fn recall(&mut self, state: &MachineApply) {
        if self.unfinished || !self.last_applied.is_empty() || state.machine_configuration.is_null()
        {
            return;
        }
        let line = line::of(state.talos_version.as_str());
        if let Ok(Desired::Config(config)) = desired(state, line) {
            self.last_applied = pack(&config.emit());
        }
    }
}

/// Decides what the plan shows.
pub fn plan(data: Option<&Data>, plan: &mut Plan<TalosMachineApply>) -> Result<(), Diagnostics> {
    if plan.is_destroy() {
        announce_destroy(plan);
        return Ok(());
    }
    warn_of_access(data, plan);
    let outcome = planned(plan);
    name_anew(plan);
    outcome
}

fn planned(plan: &mut Plan<TalosMachineApply>) -> Result<(), Diagnostics> {
    let wanted = match desired_anywhere(&plan.config)? {
        Desired::Config(config) => config,
        Desired::Unknown => return Ok(()),
        Desired::Placeholder(attribute) => {
            warn_placeholder(plan, attribute);
            return Ok(());
        }
    };
    let text = wanted.emit();
    let digest = change::digest_of(&wanted, &text);
    let Some(prior) = plan.prior.clone() else {
        plan.proposed.config_hash = digest.into();
        return Ok(());
    };
    if plan.prior_private.maintenance {
        return install_again(plan, &digest);
    }
    let line = line::of(prior.talos_version.as_str());
    let mut private = plan.prior_private.clone();
    private.recall(&prior);
    let last = change::kept(&private.last_applied, line);
    let Some(live) = change::kept(&plan.prior_private.live, line) else {
        return unseen(plan, &prior, &digest);
    };
    let Desired::Config(wanted) = desired(&plan.config, line)? else {
        return Ok(());
    };
    let decision = decide(&plan.proposed, last.as_ref(), &wanted, &live)?;
    let moves = prior.config_hash.as_str() != Some(&digest);
    show(plan, &prior, &decision, digest);
    if moves && !decision.writes && !plan.prior_private.unfinished {
        // Only the record moves, and drift is counted from it.
        plan.proposed.drift_found = text_map(diff(&wanted, &live).summary());
    }
    Ok(())
}

/// An update touches the machine when something is written; otherwise only records move.
fn show(
    plan: &mut Plan<TalosMachineApply>,
    prior: &MachineApply,
    decision: &Decision,
    digest: String,
) {
    let node = prior.node.text().to_owned();
    if decision.writes || plan.prior_private.unfinished {
        plan.touch();
        if change::keeps_boot(decision.effect) && !plan.prior_private.unfinished {
            keep_boot!(plan.proposed, prior);
        }
        plan.proposed.changes = text_map(decision.changes.clone());
        plan.proposed.plan_effect = decision.effect.into();
        plan.proposed.config_hash = digest.into();
        let last = prior.plan_effect.as_str();
        if let Some((summary, detail)) =
            announce::effect(&node, last, decision.effect, &decision.changes)
        {
            plan.warn(summary, detail);
        }
    } else {
        keep_observed(&mut plan.proposed, prior);
        plan.proposed.config_hash = digest.into();
    }
    if !decision.drift.is_empty() {
        let drift = &decision.drift;
        plan.warn(
            format!(
                "TS-DRIFT: {node}: {} from what is applied here",
                paths_differ(drift.len())
            ),
            format!(
                "{}\n\nThey are kept: a patch stage may own them. `drift = \"revert\"` would write the desired values over all of them.",
                listing(drift)
            ),
        );
    }
}

/// The machine lost its configuration: it is installed again.
fn install_again(plan: &mut Plan<TalosMachineApply>, digest: &str) -> Result<(), Diagnostics> {
    plan.touch();
    plan.proposed.config_hash = digest.into();
    plan.proposed.plan_effect = "install".into();
    plan.proposed.changes = text_map(BTreeMap::new());
    let node = plan.proposed.node.text().to_owned();
    plan.warn(
        format!("TS-NODE-MAINTENANCE: {node}: the machine is in maintenance mode and gets its configuration again"),
        "It was configured before; its disk was wiped or replaced since.",
    );
    Ok(())
}

/// The machine has not been read since it was written to: what would change on it cannot be said.
fn unseen(
    plan: &mut Plan<TalosMachineApply>,
    prior: &MachineApply,
    digest: &str,
) -> Result<(), Diagnostics> {
    if prior.config_hash.as_str() == Some(digest) && !plan.prior_private.unfinished {
        keep_observed(&mut plan.proposed, prior);
    } else {
        plan.touch();
    }
    plan.proposed.config_hash = digest.into();
    Ok(())
}

/// Puts back what was seen: nothing on the machine moves.
fn keep_observed(proposed: &mut MachineApply, prior: &MachineApply) {
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
    proposed.drift_found = prior.drift_found;
}

/// Another name makes another id; the machine stays.
fn name_anew(plan: &mut Plan<TalosMachineApply>) {
    if plan.prior.is_some() && plan.changed(|model| &model.node) {
        plan.proposed.id = Field::Unknown;
    }
}

/// Placeholders in what the machine is called with.
fn warn_of_access(data: Option<&Data>, plan: &mut Plan<TalosMachineApply>) {
    let (endpoints, identity) = (&plan.config.endpoints, &plan.config.client_configuration);
    if let Some(attribute) = access::placeholder(data, endpoints, identity) {
        warn_placeholder(plan, attribute);
    }
}

fn warn_placeholder(plan: &mut Plan<TalosMachineApply>, attribute: &str) {
    let node = plan.config.node.text().to_owned();
    announce::machine_placeholder(plan, &node, attribute);
}

fn announce_destroy(plan: &mut Plan<TalosMachineApply>) {
    let Some(prior) = &plan.prior else { return };
    let node = prior.node.text().to_owned();
    let resets = prior
        .on_destroy
        .get()
        .is_some_and(|how| how.reset.get() == Some(&true));
    if resets {
        plan.warn(
            format!("TS-RESET: {node}: destroy wipes this machine"),
            "`on_destroy.reset` is true: the machine leaves its cluster and its disks are wiped.",
        );
    }
}

fn paths_differ(count: usize) -> String {
    if count == 1 {
        "1 path differs".to_owned()
    } else {
        format!("{count} paths differ")
    }
}
