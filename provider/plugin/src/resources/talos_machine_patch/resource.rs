//! The remote object is a set of paths in a machine's live configuration.
//!
//! Create and update lay the patches over what the machine has now; delete takes back what they set.
//! Read looks whether the owned paths still hold. Imported by `node=address`, owning nothing.

use framework::prelude::*;
use talos_config::document::Config;
use talos_config::merge::Patch;
use talos_config::ownership::Record;

use super::decide::{Decision, PATCHES, decide};
use super::model::MachinePatch;
use super::plan::{self, Private};
use super::preview;
use crate::describe_machine;
use crate::provider::{Data, TalosStack, UnreachableDestroy};
use crate::shared::access::Unusable;
use crate::shared::calls;
use crate::shared::change::{self, text_map};
use crate::shared::config_text::pack;
use crate::shared::machine::{self, Mode, Observed};
use crate::shared::node::{Node, Write};
use crate::shared::{patch_texts, report};

/// The resource.
pub struct TalosMachinePatch;

impl Resource for TalosMachinePatch {
    type Provider = TalosStack;
    type Model = MachinePatch;
    type Private = Private;
    const NAME: &'static str = "talos_machine_patch";

    fn validate(config: &MachinePatch, diagnostics: &mut Diagnostics) {
        if let Err(problems) = patch_texts::load(&config.patches, PATCHES, change::line_of(None)) {
            diagnostics.extend(problems);
        }
    }

    fn plan(_cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(plan)
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
        let patches = known_patches(&config)?;
        let (machine, live) = observe(&node).await?;
        let decision = decide(&planned, &patches, &Record::default(), &live)?;
        let mut state = planned;
        state.id = cx.provider().id(&node.name).into();
        carry_out(&node, cx, &machine, &decision, state, slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: MachinePatch,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let node = state.node.text().to_owned();
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
            Ok(machine) => {
                describe_machine!(state, &machine);
                private.live = live_text(&machine).map(pack).unwrap_or_default();
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
        _prior: MachinePatch,
        planned: MachinePatch,
        config: MachinePatch,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let node = node(cx, &planned)?;
        let patches = known_patches(&config)?;
        let (machine, live) = observe(&node).await?;
        let decision = decide(&planned, &patches, &cx.private().record, &live)?;
        let touched = planned.stage.is_unknown();
        node.refuse_stale(
            &planned.changes,
            touched,
            decision.writes,
            &decision.changes,
        )?;
        carry_out(&node, cx, &machine, &decision, planned, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: MachinePatch,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        if state.revert_on_destroy.get() == Some(&false) || cx.private().record.is_empty() {
            return Ok(());
        }
        let name = state.node.text();
        let node = match node(cx, &state) {
            Ok(node) => node,
            Err(error) => return forget(cx.provider(), name, error, slot),
        };
        let machine = match node.look(&node.calls.capped(calls::DESTROY)).await {
            Ok(machine) => machine,
            Err(error) if error.is_transient() => {
                return forget(node.data, name, report::error(name, &error), slot);
            }
            Err(error) => return Err(report::error(name, &error)),
        };
        let Some(text) = live_text(&machine) else {
            // A machine without a configuration holds nothing of ours.
            return Ok(());
        };
        let none: [Patch; 0] = [];
        let decision = decide(&state, &none, &cx.private().record, &node.parse(text)?)?;
        write(&node, cx, &machine, &decision, &state).await?;
        Ok(())
    }

    async fn import(_cx: &ReadCx<Self>, id: &str) -> Result<(MachinePatch, Private), Error> {
        Ok((MachinePatch::imported(id)?, Private::default()))
    }
}

/// The provider decides whether a machine that cannot be reached is left behind.
fn forget(
    data: &Data,
    node: &str,
    error: Error,
    slot: &mut Slot<TalosMachinePatch>,
) -> Result<(), Error> {
    if data.unreachable_destroy == UnreachableDestroy::Error {
        return Err(error);
    }
    slot.warn(
        format!("TS-LEFT-BEHIND: {node}: what was patched stays on the machine"),
        "It cannot be reached, and `on_unreachable_destroy` is \"forget\".",
    );
    Ok(())
}

/// What the machine has, or will have after the next boot.
pub(super) fn live_text(machine: &Observed) -> Option<&str> {
    machine
        .staged
        .as_ref()
        .or(machine.live.as_ref())
        .map(|text| text.expose().as_str())
}

fn node<'a>(cx: &'a ApplyCx<TalosMachinePatch>, planned: &MachinePatch) -> Result<Node<'a>, Error> {
    Node::new(
        cx,
        planned.node.text(),
        &planned.endpoints,
        &planned.client_configuration,
    )
}

fn known_patches(config: &MachinePatch) -> Result<Vec<Patch>, Error> {
    let patches = patch_texts::load(&config.patches, PATCHES, change::line_of(None))?;
    patches.ok_or_else(|| {
        Unusable::Placeholder(PATCHES)
            .diagnostic(config.node.text())
            .into()
    })
}

/// A patch needs a configured machine.
async fn observe(node: &Node<'_>) -> Result<(Observed, Config), Error> {
    let machine = node.observe().await?;
    let live = match live_text(&machine) {
        Some(text) => node.parse(text)?,
        None => return Err(unconfigured(&node.name)),
    };
    Ok((machine, live))
}

fn unconfigured(node: &str) -> Error {
    Error::new(
        format!("TS-NODE-MAINTENANCE: {node}: the machine has no configuration to patch"),
        "It is in maintenance mode.\n\nApply its configuration first (the apply stage), then apply this stage again.",
    )
}

/// Writes, records, and reads back.
async fn carry_out(
    node: &Node<'_>,
    cx: &ApplyCx<TalosMachinePatch>,
    machine: &Observed,
    decision: &Decision,
    mut state: MachinePatch,
    slot: &mut Slot<TalosMachinePatch>,
) -> Result<(), Error> {
    let settled = write(node, cx, machine, decision, &state).await?;
    let seen = settled.as_ref().unwrap_or(machine);
    // Where nothing is written, what the plan says of the machine stands until the next refresh.
    if state.stage.is_unknown() {
        describe_machine!(state, seen);
    }
    if !state.changes.is_known() {
        state.changes = text_map(decision.changes.clone());
    }
    if !state.plan_effect.is_known() {
        state.plan_effect = decision.effect.into();
    }
    state.owned = text_map(decision.owned.clone());
    state.config_hash = decision.digest.clone().into();
    slot.set(state);
    slot.private(Private {
        record: decision.record.clone(),
        live: live_text(seen).map(pack).unwrap_or_default(),
    });
    Ok(())
}

/// `None`: there was nothing to write.
async fn write(
    node: &Node<'_>,
    cx: &ApplyCx<TalosMachinePatch>,
    machine: &Observed,
    decision: &Decision,
    state: &MachinePatch,
) -> Result<Option<Observed>, Error> {
    for path in &decision.kept {
        cx.warn(
            format!(
                "TS-PATCH-KEPT: {}: {path} was changed by somebody else",
                node.name
            ),
            "It left the patch and stays as it is.",
        );
    }
    if !decision.writes {
        return Ok(None);
    }
    let text = decision.text.expose();
    let mode = Mode::of(state.mode.text());
    node.write(
        cx,
        machine,
        &Write {
            text,
            effect: decision.effect,
            mode,
            attribute: PATCHES,
        },
    )
    .await?;
    let settled = node.settle(cx, text).await?;
    if machine::holds(&settled, text) {
        Ok(Some(settled))
    } else {
        Err(node.not_held())
    }
}
