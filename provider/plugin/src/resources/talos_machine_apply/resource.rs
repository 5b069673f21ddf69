//! The remote object is a machine's configuration; its identity is the machine, not an address.
//!
//! Create writes to a machine in maintenance mode, or brings a configured one of the same cluster to the base.
//! Read compares live with last applied. Update carries over what changed. Delete leaves the machine as it is
//! unless `on_destroy.reset` says otherwise. Imported by `node=address`.

use framework::prelude::*;
use talos_client::{Code, ResetRequest};
use talos_config::document::Config;

use super::decide::{Decision, decide};
use super::desired::{Desired, desired, source};
use super::model::MachineApply;
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
use crate::shared::{quorum, report};

/// The resource.
pub struct TalosMachineApply;

impl Resource for TalosMachineApply {
    type Provider = TalosStack;
    type Model = MachineApply;
    type Private = Private;
    const NAME: &'static str = "talos_machine_apply";

    fn validate(config: &MachineApply, diagnostics: &mut Diagnostics) {
        if !config.machine_configuration.is_null() && !config.machine_configuration_wo.is_null() {
            diagnostics.error_at(
                "machine_configuration_wo",
                "TS-INPUT-CONFLICT: machine_configuration and machine_configuration_wo are both set",
                "Keep one of the two.",
            );
            return;
        }
        if let Err(problems) = desired(config, change::line_of(None)) {
            diagnostics.extend(problems);
        }
    }

    fn plan(_cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(plan)
    }

    async fn preview(data: &Data, config: MachineApply) -> Vec<Diagnostic> {
        preview::preview(data, config).await
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: MachineApply,
        config: MachineApply,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let job = Job::new(cx, &planned, &config)?;
        let machine = job.node.observe().await?;
        let decision = job.decide(&planned, None, &machine)?;
        let mut state = planned;
        state.id = cx.provider().id(&job.node.name).into();
        state.changes = text_map(decision.changes.clone());
        state.plan_effect = decision.effect.into();
        carry_out(&job, cx, &machine, &decision, state, slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: MachineApply,
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
            Ok(machine) => see(&mut state, &mut private, &machine),
            Err(error) => cx.warn(report::kept(&node, &error), error.detail()),
        }
        Ok(Read::State {
            model: state,
            private,
        })
    }

    async fn update(
        cx: &ApplyCx<Self>,
        _prior: MachineApply,
        planned: MachineApply,
        config: MachineApply,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let job = Job::new(cx, &planned, &config)?;
        let last = change::kept(&cx.private().last_applied, change::line_of(None));
        let machine = job.node.observe().await?;
        let decision = job.decide(&planned, last.as_ref(), &machine)?;
        let touched = planned.stage.is_unknown();
        job.node.refuse_stale(
            &planned.changes,
            touched,
            decision.writes,
            &decision.changes,
        )?;
        let mut state = planned;
        if !state.changes.is_known() {
            state.changes = text_map(decision.changes.clone());
        }
        if !state.plan_effect.is_known() {
            state.plan_effect = decision.effect.into();
        }
        carry_out(&job, cx, &machine, &decision, state, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: MachineApply,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let Some(how) = state
            .on_destroy
            .get()
            .filter(|how| how.reset.get() == Some(&true))
        else {
            return Ok(());
        };
        let node = state.node.text();
        let labels = how
            .wipe_labels
            .get()
            .map(|labels| labels.iter().cloned().collect())
            .unwrap_or_default();
        let request = ResetRequest {
            graceful: how.graceful.get() != Some(&false),
            reboot: how.reboot.get() == Some(&true),
            wipe_labels: labels,
        };
        match reset(cx, &state, &request).await {
            Ok(()) => Ok(()),
            Err(Failure::Unusable(problem)) => {
                forget(cx.provider(), node, &problem.diagnostic(node).into(), slot)
            }
            Err(Failure::Call(error)) if error.is_transient() => {
                forget(cx.provider(), node, &report::error(node, &error), slot)
            }
            // A machine without a configuration has nothing left to reset.
            Err(Failure::Call(error)) if error.code == Code::NodeMaintenance => Ok(()),
            Err(Failure::Call(error)) => Err(report::error(node, &error)),
            Err(Failure::Refused(error)) => Err(error),
        }
    }

    async fn import(_cx: &ReadCx<Self>, id: &str) -> Result<(MachineApply, Private), Error> {
        Ok((MachineApply::imported(id)?, Private::default()))
    }
}

enum Failure {
    Unusable(Unusable),
    Call(talos_client::Error),
    Refused(Error),
}

async fn reset(
    cx: &ApplyCx<TalosMachineApply>,
    state: &MachineApply,
    request: &ResetRequest,
) -> Result<(), Failure> {
    let access = cx
        .provider()
        .access(&state.endpoints, &state.client_configuration)
        .map_err(Failure::Unusable)?;
    let calls = calls::during(cx.remaining(), cx.token());
    let pool = &cx.provider().pool;
    let machine = machine::observe(&access, pool, &calls.capped(calls::DESTROY))
        .await
        .map_err(Failure::Call)?;
    quorum::guard(state.node.text(), &machine, &access, pool, &calls)
        .await
        .map_err(Failure::Refused)?;
    machine
        .client
        .reset(&calls, request)
        .await
        .map_err(Failure::Call)?;
    Ok(())
}

/// The provider decides whether a machine that cannot be reached is left behind.
fn forget(
    data: &Data,
    node: &str,
    error: &Error,
    slot: &mut Slot<TalosMachineApply>,
) -> Result<(), Error> {
    if data.unreachable_destroy == UnreachableDestroy::Error {
        return Err(error.clone());
    }
    slot.warn(
        format!("TS-LEFT-BEHIND: {node}: the machine was not reset"),
        "It cannot be reached, and `on_unreachable_destroy` is \"forget\". Its disks still hold the cluster's data.",
    );
    Ok(())
}

/// Everything an operation needs, checked once.
struct Job<'a> {
    node: Node<'a>,
    attribute: &'static str,
    desired: Box<Config>,
    mode: Mode,
    group: Option<String>,
}

impl<'a> Job<'a> {
    fn new(
        cx: &'a ApplyCx<TalosMachineApply>,
        planned: &MachineApply,
        config: &MachineApply,
    ) -> Result<Self, Error> {
        let name = planned.node.text();
        let node = Node::new(cx, name, &planned.endpoints, &planned.client_configuration)?;
        let desired = match desired(config, change::line_of(None))? {
            Desired::Config(config) => config,
            Desired::Unknown => return Err(Unusable::Unknown.diagnostic(name).into()),
            Desired::Placeholder(attribute) => {
                return Err(Unusable::Placeholder(attribute).diagnostic(name).into());
            }
        };
        Ok(Self {
            node,
            attribute: source(config).0,
            desired,
            mode: Mode::of(planned.mode.text()),
            group: planned.disruption_group.as_str().map(str::to_owned),
        })
    }

    /// Decides for the machine as it is now.
    fn decide(
        &self,
        planned: &MachineApply,
        last: Option<&Config>,
        machine: &Observed,
    ) -> Result<Decision, Error> {
        match &machine.live {
            None => Ok(Decision::install(&self.desired)),
            Some(live) => Ok(decide(
                planned,
                last,
                &self.desired,
                &self.node.parse(live.expose())?,
            )?),
        }
    }
}

/// Writes, records, waits until the machine holds it, and reads back.
async fn carry_out(
    job: &Job<'_>,
    cx: &ApplyCx<TalosMachineApply>,
    machine: &Observed,
    decision: &Decision,
    mut state: MachineApply,
    slot: &mut Slot<TalosMachineApply>,
) -> Result<(), Error> {
    let last_applied = job.desired.emit();
    state.config_hash = change::digest_of(&job.desired, &last_applied).into();
    let mut private = Private {
        last_applied: pack(&last_applied),
        ..Private::default()
    };
    if !decision.writes {
        let planned = state.clone();
        see(&mut state, &mut private, machine);
        // What the plan says of the machine stands; what moved since is for the next refresh to tell.
        let state = if planned.stage.is_unknown() { state } else { planned };
        slot.set(state);
        slot.private(private);
        return Ok(());
    }
    let _turn = match &job.group {
        Some(group) => machine::turn(job.node.data.group(group), cx.token()).await,
        None => None,
    };
    let text = decision.text.expose();
    let write = Write {
        text,
        effect: decision.effect,
        mode: job.mode,
        attribute: job.attribute,
    };
    job.node.write(cx, machine, &write).await?;
    describe_machine!(state, machine);
    state.drift_found = text_map(decision.drift.clone());
    slot.set(state.clone());
    slot.private(private.clone());
    slot.irreversible();
    let settled = job.node.settle(cx, text).await?;
    see(&mut state, &mut private, &settled);
    slot.set(state);
    slot.private(private);
    if machine::holds(&settled, text) {
        Ok(())
    } else {
        Err(job.node.not_held())
    }
}

/// What was seen, into state and private state.
fn see(state: &mut MachineApply, private: &mut Private, machine: &Observed) {
    describe_machine!(state, machine);
    private.maintenance = machine.maintenance;
    // A staged configuration is what the machine will have: comparing with it avoids writing it again.
    let live = machine.staged.as_ref().or(machine.live.as_ref());
    private.live = live.map(|text| pack(text.expose())).unwrap_or_default();
    let line = change::line_of(state.talos_version.as_str());
    let last = change::kept(&private.last_applied, line);
    let live = change::kept(&private.live, line);
    if let (Some(last), Some(live)) = (last, live) {
        let drift = talos_config::diff::diff(&last, &live).summary();
        state.drift_found = text_map(drift);
    } else if !state.drift_found.is_known() {
        state.drift_found = text_map(Default::default());
    }
}

impl Decision {
    /// A machine without a configuration gets the desired one as it is.
    fn install(desired: &Config) -> Self {
        Self {
            text: Secret::new(desired.emit()),
            writes: true,
            changes: Default::default(),
            effect: "install",
            drift: Default::default(),
        }
    }
}
