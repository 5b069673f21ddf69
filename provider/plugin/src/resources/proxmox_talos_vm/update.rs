//! Updating: look, decide, act, look again, until nothing is left to do. What a running machine does not take stays pending, or is
//! taken by a power cycle where that is allowed.

use framework::prelude::*;
use proxmox_client::{Code, Error as PveError, Sent};

use super::TalosVmResource;
use super::cycle;
use super::delta::{Delta, Effect};
use super::describe::computed;
use super::job::Job;
use super::model::TalosVm;
use super::observe::{Settled, Wants, observe_made};
use super::plan::{Private, decide, effect_name, hardware_addresses};
use super::power;
use super::sight::Sight;
use super::superseded::{images, images_of, sweep};
use crate::shared::change::{listing, text_map};

/// How often a change is decided anew because its answer was lost or somebody else changed the machine in between.
const ROUNDS: usize = 4;

/// Brings the machine to what is planned.
pub async fn update(
    cx: &ApplyCx<TalosVmResource>,
    prior: TalosVm,
    planned: TalosVm,
    slot: &mut Slot<TalosVmResource>,
) -> Result<(), Error> {
    if planned.status.is_known() {
        // Nothing on the machine moves: only what is said of it here.
        slot.set(planned);
        slot.private(Private {
            imported: false,
            ..cx.private().clone()
        });
        return Ok(());
    }
    let job = Job {
        wants: Wants::of_both(&prior, &planned),
        ..Job::new(cx, &planned)?
    };
    let mut change = Change::decided(&job, &prior, &planned).await?;
    change.deliver_seed(slot).await?;
    change.carry_out().await?;
    change.set_power().await?;
    change.conclude(slot).await
}

/// A change under way.
struct Change<'a> {
    job: &'a Job<'a>,
    prior: &'a TalosVm,
    planned: &'a TalosVm,
    vmid: u32,
    /// With what was seen last.
    private: Private,
    /// What was decided first, which is what the plan showed.
    first: Delta,
    /// What that comes to on the machine as it was then.
    effect: &'static str,
}

impl<'a> Change<'a> {
    /// Looks at the machine, and decides; what the plan did not show is refused.
    async fn decided(
        job: &'a Job<'a>,
        prior: &'a TalosVm,
        planned: &'a TalosVm,
    ) -> Result<Self, Error> {
        let vmid = vmid_of(prior)?;
        let private = Private {
            sight: here(job, prior, vmid).await?,
            ..job.cx.private().clone()
        };
        let first = decide(&job.data().cluster_name, prior, planned, &private)?;
        refuse_stale(job, planned, &first)?;
        Ok(Self {
            effect: effect_name(&first, &private.sight, planned),
            job,
            prior,
            planned,
            vmid,
            private,
            first,
        })
    }

    /// Uploads the image of a new seed. The old one and the new one are noted before: one of them goes, however this ends.
    async fn deliver_seed(&mut self, slot: &mut Slot<TalosVmResource>) -> Result<(), Error> {
        let sight = &self.private.sight;
        let macs = hardware_addresses(&self.job.data().cluster_name, self.planned, sight);
        let seeds =
            images_of(self.prior, sight)
                .into_iter()
                .chain(images(self.planned, &macs, sight));
        self.private.superseded.extend(seeds);
        slot.private(self.private.clone());
        self.job
            .deliver_seed(&sight.node, self.planned, sight)
            .await
            .map(|_| ())
    }

    /// Changes what was decided, and decides anew where an answer was lost or somebody else changed the machine in between. What was
    /// reached when it fails is for the next refresh to see.
    async fn carry_out(&mut self) -> Result<(), Error> {
        let job = self.job;
        let mut delta = self.first.clone();
        for round in 1.. {
            match job.carry_out(self.vmid, &self.private.sight, &delta).await {
                Ok(()) => break,
                Err(error) if round < ROUNDS && is_worth_a_look(&error) => {
                    self.private.sight = here(job, self.prior, self.vmid).await?;
                    let cluster = &job.data().cluster_name;
                    delta = decide(cluster, self.prior, self.planned, &self.private)?;
                    refuse_more(job, &self.first, &delta)?;
                }
                Err(error) => return Err(job.error(&error)),
            }
        }
        Ok(())
    }

    /// Starts it, stops it, or does both where changes wait for that.
    async fn set_power(&self) -> Result<(), Error> {
        let (job, sight) = (self.job, &self.private.sight);
        set_power(job, self.planned, self.vmid, sight).await?;
        if self.first.effect == Effect::Pending || self.private.unfinished {
            cycle::cycle(job, self.planned, self.vmid, &sight.node).await?;
        }
        Ok(())
    }

    /// Looks again, records what is there, takes away what is left over, and waits for a machine that was started.
    async fn conclude(self, slot: &mut Slot<TalosVmResource>) -> Result<(), Error> {
        let job = self.job;
        let sight = here(job, self.prior, self.vmid).await?;
        let mut state = self.planned.clone();
        computed(&mut state, &sight);
        state.changes = text_map(self.first.changes.clone());
        state.plan_effect = self.effect.into();
        slot.set(state.clone());
        let mut private = Private {
            sight,
            superseded: self.private.superseded,
            ..Private::default()
        };
        slot.private(private.clone());
        private.superseded = sweep(job, private.superseded, &private.sight).await;
        slot.private(private);
        let started = !self.private.sight.running && self.planned.power_state.text() == "running";
        if started || self.private.unfinished {
            job.wait_for(&state).await;
        }
        Ok(())
    }
}

/// Whether a look tells what became of a change: its answer was lost, or it was refused because somebody else made one.
fn is_worth_a_look(error: &PveError) -> bool {
    (error.sent == Sent::Maybe || error.code == Code::Changed) && error.code != Code::Cancelled
}

/// The vmid of a machine that exists.
pub fn vmid_of(model: &TalosVm) -> Result<u32, Error> {
    let vmid = model.vmid.get().and_then(|vmid| u32::try_from(*vmid).ok());
    vmid.ok_or_else(|| {
        Error::new(
            "TS-PROVIDER-BUG: state has no vmid",
            "Import the machine again by its vmid.",
        )
    })
}

/// The machine as it is now.
async fn here(job: &Job<'_>, prior: &TalosVm, vmid: u32) -> Result<Sight, Error> {
    let hint = prior.current_node.as_str().unwrap_or(prior.node.text());
    let uuid = prior.uuid.text();
    match observe_made(job, &job.calls, vmid, hint, uuid).await {
        Ok(Settled::Here(sight)) => Ok(*sight),
        Ok(Settled::Gone | Settled::Other) => Err(Error::new(
            format!(
                "TS-VM-GONE: {}: the machine is not there any more",
                job.name
            ),
            format!(
                "Under vmid {vmid} there is no machine with the UUID {uuid}. Nothing was changed. Plan again: it will be created."
            ),
        )),
        Err(error) => Err(job.error(&error)),
    }
}

/// What is done must be what the plan showed.
fn refuse_stale(job: &Job<'_>, planned: &TalosVm, now: &Delta) -> Result<(), Error> {
    let Some(shown) = planned
        .changes
        .get()
        .filter(|_| planned.status.is_unknown())
    else {
        return Ok(());
    };
    let fine = now
        .changes
        .iter()
        .all(|(path, line)| shown.get(path).and_then(Field::as_str) == Some(line));
    if fine && shown.len() == now.changes.len() {
        Ok(())
    } else {
        Err(stale(job, now))
    }
}

/// A second decision may be left with less to do than the first, not with more.
fn refuse_more(job: &Job<'_>, first: &Delta, now: &Delta) -> Result<(), Error> {
    let known = |path: &String| first.changes.contains_key(path);
    if now.changes.keys().all(known) {
        Ok(())
    } else {
        Err(stale(job, now))
    }
}

fn stale(job: &Job<'_>, now: &Delta) -> Error {
    Error::new(
        format!(
            "TS-PLAN-STALE: {}: the machine changed since the plan",
            job.name
        ),
        format!(
            "Now this would change:\n{}\n\nPlan again and review.",
            listing(&now.changes)
        ),
    )
}

async fn set_power(
    job: &Job<'_>,
    planned: &TalosVm,
    vmid: u32,
    sight: &Sight,
) -> Result<(), Error> {
    let wanted = planned.power_state.text() == "running";
    if wanted == sight.running {
        return Ok(());
    }
    let done = if wanted {
        job.cx.phase("starting");
        power::start(&job.client, &job.calls, &sight.node, vmid).await
    } else {
        let how = power::Shutdown::for_now(planned, job.cx.remaining());
        job.shut_down(&sight.node, vmid, how).await
    };
    done.map_err(|error| job.error(&error))
}
