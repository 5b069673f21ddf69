//! Creating: find out what is there, make the machine stopped, see it, then start it.
//!
//! Until it is started the machine holds nothing: it is taken away again when something fails, and the error leaves no state behind.
//! Once it is started it exists for good: what fails after that is a warning, and the next apply goes on.

mod adopt;
mod make;

use std::collections::BTreeMap;
use std::time::Duration;

use framework::prelude::*;
use proxmox_client::codec::format_of;
use proxmox_client::{Code, Error as PveError, Sent};

use self::adopt::unfinished;
use self::make::make;
use super::TalosVmResource;
use super::delta::Effect;
use super::describe::computed;
use super::desired::desired;
use super::job::{Job, seed_volume};
use super::model::TalosVm;
use super::observe::look;
use super::plan::{Private, decide};
use super::power;
use super::refuse;
use super::sight::Sight;
use crate::shared::change::text_map;

/// A machine that exists and is not started, and how it came about.
pub struct Born {
    pub vmid: u32,
    pub sight: Sight,
    pub adopted: bool,
}

/// Creates the machine, or goes on with one of ours that holds nothing.
pub async fn create(
    cx: &ApplyCx<TalosVmResource>,
    planned: TalosVm,
    slot: &mut Slot<TalosVmResource>,
) -> Result<(), Error> {
    let job = Job::new(cx, &planned)?;
    if !planned.vmid.is_known() && !job.data().proxmox.claim_name(&job.name) {
        return Err(refuse::namesakes(&job.name).into());
    }
    let born = match unfinished(&job, &planned).await? {
        Some(born) => born,
        None => make(&job, &planned, slot).await?,
    };
    let mut state = planned.clone();
    record(&job, &mut state, born.vmid, &born.sight, slot, true);
    if let Err(error) = furnish(&job, &planned, &born).await {
        return withdraw(&job, &planned, &born, slot, error).await;
    }
    if planned.power_state.text() == "running" && !born.sight.running {
        cx.phase("starting");
        let node = &born.sight.node;
        if let Err(error) = power::order_start(&job.client, &job.calls, node, born.vmid).await {
            if error.sent == Sent::Maybe || error.code.is_out_of_reach() {
                slot.irreversible();
                return Err(job.error(&error));
            }
            return withdraw(&job, &planned, &born, slot, job.error(&error)).await;
        }
        slot.irreversible();
        power::started(&job.client, &job.calls, node, born.vmid)
            .await
            .map_err(|error| job.error(&error))?;
    }
    let sight = look(
        &job.client,
        &job.calls,
        &born.sight.node,
        born.vmid,
        job.wants,
    )
    .await
    .map_err(|error| job.error(&error))?;
    record(&job, &mut state, born.vmid, &sight, slot, false);
    if planned.power_state.text() == "running" {
        job.wait_for(&state).await;
    }
    Ok(())
}

/// Writes what is known into state.
fn record(
    job: &Job<'_>,
    state: &mut TalosVm,
    vmid: u32,
    sight: &Sight,
    slot: &mut Slot<TalosVmResource>,
    unfinished: bool,
) {
    state.id = vmid.to_string().into();
    state.vmid = i64::from(vmid).into();
    computed(state, sight);
    state.plan_effect = "none".into();
    state.changes = text_map(BTreeMap::new());
    slot.set(state.clone());
    slot.private(Private {
        sight: sight.clone(),
        unfinished,
        ..Private::default()
    });
    job.cx.phase(if unfinished { "created" } else { "running" });
}

/// Grows imported disks, and brings a machine that was made before up to date.
async fn furnish(job: &Job<'_>, planned: &TalosVm, born: &Born) -> Result<(), Error> {
    if born.adopted {
        job.deliver_seed(&born.sight.node, planned, &born.sight)
            .await?;
    }
    complete(job, planned, born)
        .await
        .map_err(|error| job.error(&error))
}

async fn complete(job: &Job<'_>, planned: &TalosVm, born: &Born) -> proxmox_client::Result<()> {
    let desired = desired(planned);
    let imported = desired
        .disks
        .iter()
        .filter(|(_, disk)| disk.import_from.is_some());
    for (slot, gib) in imported.filter_map(|(slot, disk)| Some((slot, disk.gib?))) {
        let size = born
            .sight
            .values
            .get(slot)
            .and_then(|drive| format_of(slot)?.parse(drive).ok());
        let size = size.and_then(|drive| proxmox_client::codec::Size::parse(drive.get("size")?));
        if size.is_none_or(|size| size < proxmox_client::codec::gib(gib)) {
            job.client
                .grow(&job.calls, &born.sight.node, born.vmid, slot, gib)
                .await?;
        }
    }
    if let Some(ha) = desired
        .ha
        .filter(|_| !born.adopted || born.sight.ha.is_none())
    {
        job.client.ha_add(&job.calls, born.vmid, &ha).await?;
    }
    if !born.adopted {
        return Ok(());
    }
    let private = Private {
        sight: look(
            &job.client,
            &job.calls,
            &born.sight.node,
            born.vmid,
            job.wants,
        )
        .await?,
        imported: true,
        unfinished: true,
        ..Private::default()
    };
    match decide(&job.data().cluster_name, planned, planned, &private) {
        Ok(delta) if delta.effect == Effect::None => Ok(()),
        Ok(delta) => job.carry_out(born.vmid, &private.sight, &delta).await,
        Err(refused) => Err(PveError::found(
            Code::VmidTaken,
            format!(
                "going on with the machine {} that an interrupted run left",
                born.vmid
            ),
            refused
                .iter()
                .map(|found| found.summary.clone())
                .collect::<Vec<_>>()
                .join("; "),
        )),
    }
}

/// Takes a machine away again that was never started, so that nothing is left of the attempt. One that was there
/// before stays.
async fn withdraw(
    job: &Job<'_>,
    planned: &TalosVm,
    born: &Born,
    slot: &mut Slot<TalosVmResource>,
    error: Error,
) -> Result<(), Error> {
    if born.adopted {
        slot.clear();
        return Err(error);
    }
    job.cx.phase("taking the machine away again");
    let calls = job.calls.capped(Duration::from_secs(60));
    let _ = job.client.ha_remove(&calls, born.vmid).await;
    match job
        .remove_unstarted(&calls, &born.sight.node, born.vmid)
        .await
    {
        Ok(()) => {
            slot.clear();
            if let Some(volume) = seed_volume(planned, &born.sight) {
                job.remove_volume(&born.sight.node, &volume).await;
            }
            Err(error)
        }
        // It stays in state, unfinished: the next apply goes on with it. Core would replace it, and not get past what protects it.
        Err(kept) => {
            slot.irreversible();
            job.cx.warn(
                format!(
                    "TS-VM-UNFINISHED: {}: the machine {} was made, not started and not taken away again",
                    job.name, born.vmid
                ),
                kept.detail(),
            );
            Err(error)
        }
    }
}

fn taken(vmid: u32, seen: &str) -> PveError {
    PveError::found(Code::VmidTaken, format!("creating {vmid}"), seen)
}
