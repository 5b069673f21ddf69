//! The remote object is a set of paths in a machine's live configuration.
//!
//! Create and update lay the patches over what the machine has now; delete takes back what they set.
//! Read looks whether the owned paths still hold. Imported by `node=address`, owning nothing.

use framework::prelude::*;
use talos_config::merge::Patch;
use talos_config::ownership::Record;
use talos_config::tables::Line;
use tokio::sync::OwnedMutexGuard;

use super::decide::{Decision, PATCHES, decide};
use super::model::MachinePatch;
use super::plan::{self, Private};
use super::preview;
use crate::describe_machine;
use crate::keep_boot;
use crate::provider::{Data, TalosStack};
use crate::shared::access::Unusable;
use crate::shared::calls;
use crate::shared::change::text_map;
use crate::shared::config_text::pack;
use crate::shared::import;
use crate::shared::left_behind::Left;
use crate::shared::machine::{self, Expected, Mode, Observed};
use crate::shared::node::{Node, REBOOT, Write};
use crate::shared::patch_texts::{self, Patches};
use crate::shared::report;

/// The resource.
pub struct TalosMachinePatch;

impl Resource for TalosMachinePatch {
    type Provider = TalosStack;
    type Model = MachinePatch;
    type Private = Private;
    const NAME: &'static str = "talos_machine_patch";

    fn validate(config: &MachinePatch, diagnostics: &mut Diagnostics) {
        if let Err(problems) = patch_texts::load_anywhere(&config.patches, PATCHES) {
            diagnostics.extend(problems);
        }
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(cx.provider(), plan)
    }

    async fn preview(data: &Data, config: MachinePatch) -> Vec<Diagnostic> {
        preview::preview(data, config).await
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: MachinePatch,
        config: MachinePatch,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let node = node(cx, &planned)?;
        let work = prepare(&node, cx, cx.private(), &planned, Some(&config)).await?;
        carry_out(&node, cx, &work, planned, slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: MachinePatch,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let node = state.node.text().to_owned();
        private.recall(&state);
        let access = match cx
            .provider()
            .access(&state.endpoints, &state.client_configuration)
        {
            Ok(access) => access,
            Err(problem) => {
                cx.warn(
                    report::skipped(&node),
                    format!("{}; what state holds is kept.", problem.reason()),
                );
                return Ok(Read::State {
                    model: state,
                    private,
                });
            }
        };
        let calls = calls::during(calls::refresh(access.endpoints.len()), cx.token());
        match machine::observe(&access, &cx.provider().pool, &calls).await {
            Ok(machine) if !machine.is(&state.machine_uuid) => {
                cx.warn(report::other(&node), report::OTHER);
            }
            Ok(machine) => {
                describe_machine!(state, &machine);
                private.meet(machine.facts.node_id.as_ref());
                private.live = machine.held().map(pack).unwrap_or_default();
            }
            Err(error) => cx.warn(report::kept(&node, &error), error.detail()),
        }
        Ok(Read::State {
            model: state,
            private,
        })
    }

    async fn update(
        cx: &ApplyCx<Self>,
        prior: MachinePatch,
        planned: MachinePatch,
        config: MachinePatch,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let node = node(cx, &planned)?;
        let mut private = cx.private().clone();
        private.recall(&prior);
        let work = prepare(&node, cx, &private, &planned, Some(&config)).await?;
        let decision = &work.decision;
        let touched = planned.stage.is_unknown();
        node.refuse_stale(
            &planned.changes,
            touched,
            decision.writes,
            &decision.changes,
        )?;
        refuse_other_ownership(&node.name, &planned, decision)?;
        carry_out(&node, cx, &work, planned, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: MachinePatch,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let mut private = cx.private().clone();
        private.recall(&state);
        if state.revert_on_destroy.get() == Some(&false) || private.owns_nothing() {
            return Ok(());
        }
        let name = state.node.text();
        let node = node(cx, &state)?;
        let machine = match node.look(&node.calls.capped(calls::DESTROY)).await {
            Ok(machine) => machine,
            Err(error) => {
                let left = Left {
                    about: name,
                    undone: "what was patched stays on the machine",
                    there: "The patched paths keep their values.",
                };
                return report::undone(name, &error).end(cx.provider(), &left, slot);
            }
        };
        if machine.held().is_none() {
            // A machine without a configuration holds nothing of ours.
            return Ok(());
        }
        let work = prepare(&node, cx, &private, &state, None).await?;
        tell_kept(&node, cx, &work.decision);
        if !work.decision.writes {
            return Ok(());
        }
        let (expected, voter_goes) = write(&node, cx, &work, &state).await?;
        let settled = node.settle(cx, &expected).await?;
        if !expected.is_met(&settled) {
            return Err(node.not_held(&settled));
        }
        if voter_goes {
            node.rejoin(cx, &settled).await?;
        }
        Ok(())
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(MachinePatch, Private), Error> {
        let mut state = MachinePatch::imported(id)?;
        state.id = cx.provider().id(state.node.text()).into();
        Ok((state, Private::default()))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        import::machine_attributes()
    }

    fn identity(state: &MachinePatch) -> Option<Identity> {
        import::machine_identity(&state.node, &state.endpoints)
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(import::joined(identity, &["node", "address"], "="))
    }
}

fn node<'a>(cx: &'a ApplyCx<TalosMachinePatch>, planned: &MachinePatch) -> Result<Node<'a>, Error> {
    Node::new(
        cx,
        planned.node.text(),
        &planned.endpoints,
        &planned.client_configuration,
    )
}

/// The patches as the machine's Talos reads them; none of no configuration.
fn known_patches(config: Option<&MachinePatch>, line: Line) -> Result<Vec<Patch>, Error> {
    let Some(config) = config else {
        return Ok(Vec::new());
    };
    let problem = match patch_texts::load(&config.patches, PATCHES, line)? {
        Patches::Known(patches) => return Ok(patches),
        Patches::Unknown => Unusable::Unknown,
        Patches::Placeholder => Unusable::Placeholder(PATCHES),
    };
    Err(problem.diagnostic(config.node.text()).into())
}

/// What was decided for a machine, and the turn that is held until it is done.
struct Work {
    machine: Observed,
    decision: Decision,
    record: Record,
    /// Talos's identity of the machine as it was known before.
    node_id: Option<String>,
    _turn: Option<OwnedMutexGuard<()>>,
}

/// Looks and decides; once more under the cluster's turn where the machine has to go away.
async fn prepare(
    node: &Node<'_>,
    cx: &ApplyCx<TalosMachinePatch>,
    private: &Private,
    planned: &MachinePatch,
    config: Option<&MachinePatch>,
) -> Result<Work, Error> {
    let work = look(node, private, planned, config).await?;
    if work.decision.effect != REBOOT {
        return Ok(work);
    }
    let turn = node.alone(cx, &work.machine).await?;
    let again = look(node, private, planned, config).await?;
    Ok(Work {
        _turn: turn,
        ..again
    })
}

async fn look(
    node: &Node<'_>,
    private: &Private,
    planned: &MachinePatch,
    config: Option<&MachinePatch>,
) -> Result<Work, Error> {
    let machine = node.observe().await?;
    node.refuse_other(&planned.machine_uuid, &machine)?;
    // A patch needs a configured machine.
    let live = match machine.held() {
        Some(text) => node.parse(text, machine.line())?,
        None => return Err(unconfigured(&node.name)),
    };
    let patches = known_patches(config, machine.line())?;
    let record = private.record_for(planned, &patches, &live).clone();
    let decision = decide(planned, &patches, &record, &live)?;
    Ok(Work {
        machine,
        decision,
        record,
        node_id: private.node_id.clone(),
        _turn: None,
    })
}

fn unconfigured(node: &str) -> Error {
    Error::new(
        format!("TS-NODE-MAINTENANCE: {node}: the machine has no configuration to patch"),
        "It is in maintenance mode.\n\nApply its configuration first (the apply stage), then apply this stage again.",
    )
}

/// What the plan showed as owned is what will be owned.
fn refuse_other_ownership(
    node: &str,
    planned: &MachinePatch,
    decision: &Decision,
) -> Result<(), Error> {
    match planned.config_hash.as_str() {
        Some(hash) if hash != decision.digest => Err(Error::new(
            format!("TS-PLAN-STALE: {node}: the machine changed since the plan"),
            "What this resource would own is not what the plan showed: somebody changed a patched path meanwhile. Nothing was \
             written. Plan again and review.",
        )),
        _ => Ok(()),
    }
}

fn tell_kept(node: &Node<'_>, cx: &ApplyCx<TalosMachinePatch>, decision: &Decision) {
    for path in &decision.kept {
        let name = &node.name;
        cx.warn(
            format!("TS-PATCH-KEPT: {name}: {path} was changed by somebody else"),
            "It left the patch and stays as it is.",
        );
    }
}

/// Writes, records, waits until the machine holds it, and reads back.
async fn carry_out(
    node: &Node<'_>,
    cx: &ApplyCx<TalosMachinePatch>,
    work: &Work,
    mut state: MachinePatch,
    slot: &mut Slot<TalosMachinePatch>,
) -> Result<(), Error> {
    let (machine, decision) = (&work.machine, &work.decision);
    let touched = state.stage.is_unknown();
    let planned = state.clone();
    if !state.id.is_known() {
        state.id = cx.provider().id(&node.name).into();
    }
    if !state.changes.is_known() {
        state.changes = text_map(decision.changes.clone());
    }
    if !state.plan_effect.is_known() {
        state.plan_effect = decision.effect.into();
    }
    state.owned = text_map(decision.owned.clone());
    state.config_hash = decision.digest.clone().into();
    let node_id = machine.facts.node_id.clone().or(work.node_id.clone());
    if state.record.is_unknown() {
        state.record = plan::packed(&decision.record, node_id.as_ref());
    }
    tell_kept(node, cx, decision);
    let mut private = Private {
        is_whole: true,
        record: decision.record.clone(),
        previous: None,
        node_id,
        live: machine.held().map(pack).unwrap_or_default(),
    };
    // Where nothing is written, what the plan says of the machine stands until the next refresh.
    if touched {
        describe_machine!(state, machine);
        keep_boot!(state, planned);
    }
    if decision.writes {
        let (expected, voter_goes) = write(node, cx, work, &state).await?;
        slot.set(state.clone());
        // Until the machine is seen with it, either record may be the right one.
        slot.private(Private {
            previous: Some(work.record.clone()),
            ..private.clone()
        });
        slot.irreversible();
        let settled = node.settle(cx, &expected).await?;
        if !expected.is_met(&settled) {
            return Err(node.not_held(&settled));
        }
        describe_machine!(state, &settled);
        keep_boot!(state, planned);
        private.live = settled.held().map(pack).unwrap_or_default();
        if voter_goes {
            slot.set(state.clone());
            slot.private(private.clone());
            node.rejoin(cx, &settled).await?;
        }
    }
    slot.set(state);
    slot.private(private);
    Ok(())
}

/// Writes what was decided; says what to wait for, and whether a voting member of etcd goes away with it.
async fn write<'a>(
    node: &Node<'_>,
    cx: &ApplyCx<TalosMachinePatch>,
    work: &'a Work,
    state: &MachinePatch,
) -> Result<(Expected<'a>, bool), Error> {
    let text = work.decision.text.expose();
    let effect = work.decision.effect;
    let write = Write {
        text,
        effect,
        mode: Mode::of(state.mode.text()),
        attribute: PATCHES,
    };
    let voter_goes = node.write(cx, &work.machine, &write).await?;
    let reboots_from = work.machine.boot().filter(|_| effect == REBOOT);
    Ok((Expected { text, reboots_from }, voter_goes))
}
