//! Updating: look, decide, act, look again, until nothing is left to do. What a running machine does not take stays pending, or is
//! taken by a power cycle where that is allowed.

use framework::prelude::*;
use proxmox_client::{Code, Sent};

use super::TalosVmResource;
use super::cycle;
use super::delta::{Delta, Effect};
use super::describe::computed;
use super::job::{Job, seed_volume};
use super::model::TalosVm;
use super::observe::{Settled, Wants, observe_made};
use super::plan::{Private, decide, effect_name};
use super::power;
use super::sight::Sight;
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
    let vmid = vmid_of(&prior)?;
    let mut private = Private {
        sight: here(&job, &prior, vmid).await?,
        ..cx.private().clone()
    };
    let cluster = &job.data().cluster_name;
    let first = decide(cluster, &prior, &planned, &private)?;
    refuse_stale(&job, &planned, &first)?;
    let effect = effect_name(&first, &private.sight, &planned);
    let old_seed = seed_volume(&prior, &private.sight);
    job.deliver_seed(&private.sight.node, &planned, &private.sight)
        .await?;
    let mut delta = first.clone();
    for round in 1.. {
        match job.carry_out(vmid, &private.sight, &delta).await {
            Ok(()) => break,
            Err(error)
                if round < ROUNDS
                    && (error.sent == Sent::Maybe || error.code == Code::Changed)
                    && error.code != Code::Cancelled =>
            {
                private.sight = here(&job, &prior, vmid).await?;
                delta = decide(cluster, &prior, &planned, &private)?;
                refuse_more(&job, &first, &delta)?;
            }
            Err(error) => {
                // What was reached is for the next refresh to see.
                return Err(job.error(&error));
            }
        }
    }
    set_power(&job, &planned, vmid, &private.sight).await?;
    if first.effect == Effect::Pending || private.unfinished {
        cycle::cycle(&job, &planned, vmid, &private.sight.node).await?;
    }
    let sight = here(&job, &prior, vmid).await?;
    let new_seed = seed_volume(&planned, &sight);
    if let Some(old) = old_seed.filter(|old| {
        new_seed.as_ref() != Some(old) && !sight.values.values().any(|value| value.starts_with(old))
    }) {
        job.remove_volume(&sight.node, &old).await;
    }
    let mut state = planned.clone();
    computed(&mut state, &sight);
    state.changes = text_map(first.changes.clone());
    state.plan_effect = effect.into();
    slot.set(state.clone());
    slot.private(Private {
        sight,
        ..Private::default()
    });
    let started = !private.sight.running && planned.power_state.text() == "running";
    if started || private.unfinished {
        job.wait_for(&state).await;
    }
    Ok(())
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
