//! The remote object is a machine's configuration; its identity is the machine, not an address.
//!
//! Create writes to a machine in maintenance mode, or brings a configured one of the same cluster to the base.
//! Read compares live with last applied. Update carries over what changed. Delete leaves the machine as it is
//! unless `on_destroy.reset` says otherwise. Imported by `node=address`.

use framework::prelude::*;
use talos_client::{Code, ResetRequest};
use talos_config::document::Config;
use tokio::sync::OwnedMutexGuard;

use super::decide::{Decision, decide};
use super::desired::{Desired, desired, desired_anywhere, source};
use super::model::MachineApply;
use super::plan::{self, Private};
use super::preview;
use super::reset::{self, Failure};
use crate::describe_machine;
use crate::keep_boot;
use crate::provider::{Data, TalosStack};
use crate::shared::access::Unusable;
use crate::shared::calls;
use crate::shared::change::{self, text_map};
use crate::shared::config_text::pack;
use crate::shared::import;
use crate::shared::left_behind::Left;
use crate::shared::line;
use crate::shared::machine::{self, Expected, Mode, Observed};
use crate::shared::node::{Node, REBOOT, Write};
use crate::shared::report;

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
        if let Err(problems) = desired_anywhere(config) {
            diagnostics.extend(problems);
        }
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(cx.provider(), plan)
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
        let work = job.prepare(cx, cx.private(), &planned).await?;
        let mut state = planned;
        state.changes = text_map(work.decision.changes.clone());
        state.plan_effect = work.decision.effect.into();
        carry_out(&job, cx, &work, state, slot).await
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
            Ok(machine) if !machine.is(&state.machine_uuid) => {
                cx.warn(report::other(&node), report::OTHER);
            }
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
        prior: MachineApply,
        planned: MachineApply,
        config: MachineApply,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let job = Job::new(cx, &planned, &config)?;
        let mut private = cx.private().clone();
        private.recall(&prior);
        let work = job.prepare(cx, &private, &planned).await?;
        let decision = &work.decision;
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
        carry_out(&job, cx, &work, state, slot).await
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
        let reachable = Node::new(cx, node, &state.endpoints, &state.client_configuration)?;
        match reset::reset(cx, &reachable, &state, &request).await {
            Ok(()) => Ok(()),
            // A machine without a configuration has nothing left to reset.
            Err(Failure::Call(error)) if error.code == Code::NodeMaintenance => Ok(()),
            Err(Failure::Call(error)) => {
                let left = Left {
                    about: node,
                    undone: "the machine was not reset",
                    there: "Its disks still hold the cluster's data.",
                };
                report::undone(node, &error).end(cx.provider(), &left, slot)
            }
            Err(Failure::Refused(error)) => Err(error),
        }
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(MachineApply, Private), Error> {
        let mut state = MachineApply::imported(id)?;
        state.id = cx.provider().id(state.node.text()).into();
        Ok((state, Private::default()))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        import::machine_attributes()
    }

    fn identity(state: &MachineApply) -> Option<Identity> {
        import::machine_identity(&state.node, &state.endpoints)
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(import::joined(identity, &["node", "address"], "="))
    }
}

/// Everything an operation needs, checked once.
struct Job<'a> {
    node: Node<'a>,
    attribute: &'static str,
    config: &'a MachineApply,
    digest: String,
    mode: Mode,
    group: Option<String>,
}

impl<'a> Job<'a> {
    fn new(
        cx: &'a ApplyCx<TalosMachineApply>,
        planned: &MachineApply,
        config: &'a MachineApply,
    ) -> Result<Self, Error> {
        let name = planned.node.text();
        let node = Node::new(cx, name, &planned.endpoints, &planned.client_configuration)?;
        let anywhere = known(desired_anywhere(config)?, name)?;
        Ok(Self {
            node,
            attribute: source(config).0,
            digest: change::digest_of(&anywhere, &anywhere.emit()),
            config,
            mode: Mode::of(planned.mode.text()),
            group: planned.disruption_group.as_str().map(str::to_owned),
        })
    }

    /// Looks, and decides for the machine as it is now.
    async fn look(&self, private: &Private, planned: &MachineApply) -> Result<Work, Error> {
        let machine = self.node.observe().await?;
        self.node.refuse_other(&planned.machine_uuid, &machine)?;
        let line = machine.line();
        let wanted = known(desired(self.config, line)?, &self.node.name)?;
        let decision = match machine.held() {
            None => Decision::install(&wanted),
            Some(held) => {
                let held = self.node.parse(held, line)?;
                let last = change::kept(&private.last_applied, line);
                decide(planned, last.as_ref(), &wanted, &held)?
            }
        };
        Ok(Work {
            machine,
            decision,
            wanted: wanted.emit(),
            _turns: Vec::new(),
        })
    }

    /// Takes the turns that the change needs, and looks and decides while it has them.
    async fn prepare(
        &self,
        cx: &ApplyCx<TalosMachineApply>,
        private: &Private,
        planned: &MachineApply,
    ) -> Result<Work, Error> {
        let mut turns = Vec::new();
        if let Some(group) = &self.group {
            turns.push(self.node.turn(cx, group).await?);
        }
        let mut work = self.look(private, planned).await?;
        if work.decision.effect == REBOOT {
            turns.extend(self.node.alone(cx, &work.machine).await?);
            work = self.look(private, planned).await?;
        }
        work._turns = turns;
        Ok(work)
    }
}

/// What is known at apply; everything is, unless a stage before has not run.
fn known(desired: Desired, node: &str) -> Result<Box<Config>, Error> {
    match desired {
        Desired::Config(config) => Ok(config),
        Desired::Unknown => Err(Unusable::Unknown.diagnostic(node).into()),
        Desired::Placeholder(attribute) => {
            Err(Unusable::Placeholder(attribute).diagnostic(node).into())
        }
    }
}

/// What was decided for a machine, and the turns that are held until it is done.
struct Work {
    machine: Observed,
    decision: Decision,
    /// The desired configuration, as the machine's Talos writes it.
    wanted: String,
    _turns: Vec<OwnedMutexGuard<()>>,
}

/// Writes, records, waits until the machine holds it, and reads back.
async fn carry_out(
    job: &Job<'_>,
    cx: &ApplyCx<TalosMachineApply>,
    work: &Work,
    mut state: MachineApply,
    slot: &mut Slot<TalosMachineApply>,
) -> Result<(), Error> {
    let (machine, decision) = (&work.machine, &work.decision);
    if !state.id.is_known() {
        state.id = cx.provider().id(&job.node.name).into();
    }
    state.config_hash = job.digest.clone().into();
    let mut private = Private {
        last_applied: pack(&work.wanted),
        ..Private::default()
    };
    let planned = state.clone();
    if !decision.writes {
        see(&mut state, &mut private, machine);
        keep_boot!(state, planned);
        // What the plan says of the machine stands; what moved since is for the next refresh to tell.
        let state = if planned.stage.is_unknown() {
            state
        } else {
            planned
        };
        slot.set(state);
        slot.private(private);
        return Ok(());
    }
    let text = decision.text.expose();
    let write = Write {
        text,
        effect: decision.effect,
        mode: job.mode,
        attribute: job.attribute,
    };
    let voter_goes = job.node.write(cx, machine, &write).await?;
    describe_machine!(state, machine);
    keep_boot!(state, planned);
    state.drift_found = text_map(decision.drift.clone());
    slot.set(state.clone());
    // Until the machine is seen with it, the configuration counts as not applied.
    slot.private(Private {
        last_applied: cx.private().last_applied.clone(),
        unfinished: true,
        ..Private::default()
    });
    slot.irreversible();
    let reboots_from = machine.boot().filter(|_| decision.effect == REBOOT);
    let expected = Expected { text, reboots_from };
    let settled = job.node.settle(cx, &expected).await?;
    if !expected.is_met(&settled) {
        return Err(job.node.not_held(&settled));
    }
    see(&mut state, &mut private, &settled);
    keep_boot!(state, planned);
    slot.set(state);
    slot.private(private);
    if voter_goes {
        job.node.rejoin(cx, &settled).await?;
    }
    Ok(())
}

/// What was seen, into state and private state.
fn see(state: &mut MachineApply, private: &mut Private, machine: &Observed) {
    describe_machine!(state, machine);
    private.maintenance = machine.maintenance;
    private.live = machine.held().map(pack).unwrap_or_default();
    let line = line::of(state.talos_version.as_str());
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
