//! The remote object is a set of paths in a machine's live configuration.
//!
//! Create and update lay the patches over what the machine has now; delete takes back what they set.
//! Read looks whether the owned paths still hold. Imported by `node=address`, owning nothing.

use framework::prelude::*;
use talos_client::{Code, Cx};
use talos_config::document::Config;
use talos_config::merge::Patch;
use talos_config::ownership::Record;

use super::decide::{Decision, PATCHES, decide};
use super::model::MachinePatch;
use super::plan::{self, Private};
use super::preview;
use crate::describe_machine;
use crate::provider::{Data, TalosStack, UnreachableDestroy};
use crate::shared::access::{Access, Unusable};
use crate::shared::calls;
use crate::shared::change::{self, text_map};
use crate::shared::config_text::pack;
use crate::shared::machine::{self, Mode, Observed};
use crate::shared::{patch_texts, quorum, report};

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
        let job = Job::new(cx, &planned)?;
        let patches = job.patches(&config)?;
        let (machine, live) = job.observe().await?;
        let decision = decide(&planned, &patches, &Record::default(), &live)?;
        let mut state = planned;
        state.id = cx.provider().id(&job.node).into();
        carry_out(&job, cx, &machine, &decision, state, slot).await
    }

    async fn read(cx: &ReadCx<Self>, mut state: MachinePatch, mut private: Private) -> Result<Read<Self>, Error> {
        let node = state.node.text().to_owned();
        let access = match cx.provider().access(&state.endpoints, &state.client_configuration) {
            Ok(access) => access,
            Err(problem) => {
                cx.warn(report::skipped(&node), format!("{}; what state holds is kept.", problem.reason()));
                return Ok(Read::State { model: state, private });
            }
        };
        let calls = calls::during(calls::REFRESH, cx.token());
        match machine::observe(&access, &cx.provider().pool, &calls).await {
            Ok(machine) => {
                describe_machine!(state, &machine);
                private.live = live_text(&machine).map(pack).unwrap_or_default();
            }
            Err(error) => cx.warn(report::kept(&node, &error), error.detail()),
        }
        Ok(Read::State { model: state, private })
    }

    async fn update(
        cx: &ApplyCx<Self>,
        _prior: MachinePatch,
        planned: MachinePatch,
        config: MachinePatch,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let job = Job::new(cx, &planned)?;
        let patches = job.patches(&config)?;
        let (machine, live) = job.observe().await?;
        let decision = decide(&planned, &patches, &cx.private().record, &live)?;
        job.refuse_stale(&planned, &decision)?;
        carry_out(&job, cx, &machine, &decision, planned, slot).await
    }

    async fn delete(cx: &ApplyCx<Self>, state: MachinePatch, slot: &mut Slot<Self>) -> Result<(), Error> {
        if state.revert_on_destroy.get() == Some(&false) || cx.private().record.is_empty() {
            return Ok(());
        }
        let node = state.node.text().to_owned();
        let job = match Job::new(cx, &state) {
            Ok(job) => job,
            Err(error) => return forget(cx.provider(), &node, error, slot),
        };
        let capped = job.calls.capped(calls::DESTROY);
        let machine = match machine::observe(&job.access, &job.data.pool, &capped).await {
            Ok(machine) => machine,
            Err(error) if error.is_transient() => return forget(job.data, &node, report::error(&node, &error), slot),
            Err(error) => return Err(report::error(&node, &error)),
        };
        let Some(text) = live_text(&machine) else {
            // A machine without a configuration holds nothing of ours.
            return Ok(());
        };
        let none: [Patch; 0] = [];
        let decision = decide(&state, &none, &cx.private().record, &job.parse(text)?)?;
        write(&job, cx, &machine, &decision).await?;
        Ok(())
    }

    async fn import(_cx: &ReadCx<Self>, id: &str) -> Result<(MachinePatch, Private), Error> {
        Ok((MachinePatch::imported(id)?, Private::default()))
    }
}

/// The provider decides whether a machine that cannot be reached is left behind.
fn forget(data: &Data, node: &str, error: Error, slot: &mut Slot<TalosMachinePatch>) -> Result<(), Error> {
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
    machine.staged.as_ref().or(machine.live.as_ref()).map(|text| text.expose().as_str())
}

/// Everything an operation needs, checked once.
struct Job<'a> {
    node: String,
    access: Access,
    mode: Mode,
    data: &'a Data,
    calls: Cx,
}

impl<'a> Job<'a> {
    fn new(cx: &'a ApplyCx<TalosMachinePatch>, planned: &MachinePatch) -> Result<Self, Error> {
        let node = planned.node.text().to_owned();
        let access = cx
            .provider()
            .access(&planned.endpoints, &planned.client_configuration)
            .map_err(|problem| problem.diagnostic(&node))?;
        Ok(Self {
            mode: Mode::of(planned.mode.text()),
            data: cx.provider(),
            calls: calls::during(cx.remaining(), cx.token()),
            node,
            access,
        })
    }

    fn patches(&self, config: &MachinePatch) -> Result<Vec<Patch>, Error> {
        let patches = patch_texts::load(&config.patches, PATCHES, change::line_of(None))?;
        patches.ok_or_else(|| Unusable::Placeholder(PATCHES).diagnostic(&self.node).into())
    }

    /// A patch needs a configured machine.
    async fn observe(&self) -> Result<(Observed, Config), Error> {
        let machine = machine::observe(&self.access, &self.data.pool, &self.calls)
            .await
            .map_err(|error| report::error(&self.node, &error))?;
        let live = match live_text(&machine) {
            Some(text) => self.parse(text)?,
            None => return Err(unconfigured(&self.node)),
        };
        Ok((machine, live))
    }

    fn parse(&self, text: &str) -> Result<Config, Error> {
        Config::load(text, change::line_of(None)).map_err(|error| {
            Error::new(
                format!("TS-CONFIG-UNREADABLE: {}: the machine's own configuration cannot be read", self.node),
                format!("{error}\n\nNothing was changed. This provider may be older than the machine's Talos."),
            )
        })
    }

    /// What was reviewed is what is written.
    fn refuse_stale(&self, planned: &MachinePatch, decision: &Decision) -> Result<(), Error> {
        let touched = planned.stage.is_unknown();
        let planned_changes = planned.changes.get().filter(|_| touched);
        let same = match planned_changes {
            None => touched,
            Some(map) => {
                map.len() == decision.changes.len()
                    && map.iter().all(|(path, line)| line.as_str() == decision.changes.get(path).map(String::as_str))
            }
        };
        if same || !decision.writes {
            return Ok(());
        }
        Err(Error::new(
            format!("TS-PLAN-STALE: {}: the machine changed since the plan", self.node),
            format!(
                "Now these paths would change:\n{}\n\nNothing was written. Plan again and review.",
                plan::listing(&decision.changes)
            ),
        ))
    }
}

fn unconfigured(node: &str) -> Error {
    Error::new(
        format!("TS-NODE-MAINTENANCE: {node}: the machine has no configuration to patch"),
        "It is in maintenance mode.\n\nApply its configuration first (the apply stage), then apply this stage again.",
    )
}

/// Writes, records, and reads back.
async fn carry_out(
    job: &Job<'_>,
    cx: &ApplyCx<TalosMachinePatch>,
    machine: &Observed,
    decision: &Decision,
    mut state: MachinePatch,
    slot: &mut Slot<TalosMachinePatch>,
) -> Result<(), Error> {
    let settled = write(job, cx, machine, decision).await?;
    let seen = settled.as_ref().unwrap_or(machine);
    describe_machine!(state, seen);
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
    job: &Job<'_>,
    cx: &ApplyCx<TalosMachinePatch>,
    machine: &Observed,
    decision: &Decision,
) -> Result<Option<Observed>, Error> {
    for path in &decision.kept {
        cx.warn(
            format!("TS-PATCH-KEPT: {}: {path} was changed by somebody else", job.node),
            "It left the patch and stays as it is.",
        );
    }
    if !decision.writes {
        return Ok(None);
    }
    if decision.effect == "reboot" {
        quorum::guard(&job.node, machine, &job.access, &job.data.pool, &job.calls).await?;
    }
    cx.phase(&format!("{}: writing the configuration", job.node));
    let text = decision.text.expose();
    match machine::write(machine, text, job.mode, &job.calls).await {
        Ok(warnings) => warnings.iter().for_each(|warning| {
            cx.warn(format!("TS-TALOS-WARNING: {}: Talos warns about the configuration", job.node), warning.clone());
        }),
        // It may have taken effect: whether it did shows in what the machine holds.
        Err(error) if error.sent == talos_client::Sent::Maybe && error.code != Code::ConfigRefused => {}
        Err(error) => return Err(machine::refused(&job.node, PATCHES, &error)),
    }
    let settled = machine::settle(&job.access, &job.data.pool, text, &job.calls, cx.token(), |phase| {
        cx.phase(&format!("{}: {phase}", job.node));
    })
    .await
    .map_err(|error| report::error(&job.node, &error))?;
    if machine::holds(&settled, text) {
        return Ok(Some(settled));
    }
    Err(Error::new(
        format!("TS-CONFIG-NOT-HELD: {}: the machine does not hold what was written", job.node),
        "It answers, with another configuration: somebody else wrote at the same time, or it went back by itself.\n\n\
         Nothing is recorded as owned; plan again and apply.",
    ))
}
