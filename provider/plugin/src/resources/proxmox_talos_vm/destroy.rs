//! Destroying: only the machine that state knows, by vmid and UUID, and only with the disks that are set here.

use std::collections::BTreeMap;

use framework::prelude::*;
use proxmox_client::{Code, Sent};

use super::TalosVmResource;
use super::job::{Job, seed_volume};
use super::model::TalosVm;
use super::observe::{Settled, Wants, observe_made};
use super::past::never_started;
use super::plan::refuse_destroy;
use super::power;
use super::sight::Sight;
use super::superseded::{images_of, sweep};
use super::update::vmid_of;
use crate::shared::left_behind::Left;
use crate::shared::proxmox;

/// A CD-ROM drive with nothing in it.
const NO_MEDIUM: &str = "none,media=cdrom";

enum Failure {
    /// The machine was not found, nor that it is gone.
    Unseen(proxmox_client::Error),
    Call(proxmox_client::Error),
    Refused(Error),
}

impl From<proxmox_client::Error> for Failure {
    fn from(error: proxmox_client::Error) -> Self {
        Self::Call(error)
    }
}

/// Destroys the machine; one that is gone is fine, and one that cannot be reached is left behind where that is allowed.
pub async fn destroy(
    cx: &ApplyCx<TalosVmResource>,
    state: TalosVm,
    slot: &mut Slot<TalosVmResource>,
) -> Result<(), Error> {
    let name = state.name.text().to_owned();
    let vmid = vmid_of(&state)?;
    let job = Job {
        client: proxmox::client(cx.provider(), &name)?,
        calls: proxmox::during(cx.remaining(), cx.token()),
        wants: Wants::of(&state),
        name,
        cx,
    };
    match take_away(&job, &state, vmid).await {
        Ok(()) => Ok(()),
        Err(Failure::Unseen(error)) => {
            let left = Left {
                about: &job.name,
                undone: &format!("the machine {vmid} was not destroyed"),
                there: "The machine, its disks and the image of its seed are still there.",
            };
            proxmox::undone(&job.name, &error).end(cx.provider(), &left, slot)
        }
        // It was seen: what is not answered after that is asked again by the next destroy.
        Err(Failure::Call(error)) => Err(job.error(&error)),
        Err(Failure::Refused(error)) => Err(error),
    }
}

async fn take_away(job: &Job<'_>, state: &TalosVm, vmid: u32) -> Result<(), Failure> {
    let limit = job.calls.capped(proxmox::DESTROY);
    let hint = state.current_node.as_str().unwrap_or(state.node.text());
    let found = observe_made(job, &limit, vmid, hint, state.uuid.text()).await;
    let sight = match found.map_err(Failure::Unseen)? {
        Settled::Here(sight) => sight,
        Settled::Gone => return Ok(()),
        Settled::Other => {
            job.cx.warn(
                format!(
                    "TS-VM-OTHER: {}: vmid {vmid} belongs to another machine",
                    job.name
                ),
                "It has another UUID or is a container, and is left alone. The machine that state knows is gone.",
            );
            return Ok(());
        }
    };
    let unstarted = job.cx.private().unfinished && never_started(job, vmid, &sight).await?;
    refuse_destroy(state, &sight, unstarted).map_err(|refused| Failure::Refused(refused.into()))?;
    if unstarted {
        job.unprotect(&job.calls, &sight.node, vmid).await?;
    }
    if state.ha.is_known() {
        job.cx.phase("ending high availability");
        job.client.ha_remove(&job.calls, vmid).await?;
    }
    if sight.running {
        let how = power::Shutdown::for_good(state);
        job.cx.phase(how.told());
        let cutting = |_: &proxmox_client::Error| {
            job.cx
                .phase("the guest did not shut down; cutting its power")
        };
        power::stop(&job.client, &job.calls, &sight.node, vmid, how, cutting).await?;
    }
    job.cx.phase("destroying");
    let mut seeds = job.cx.private().superseded.clone();
    seeds.extend(images_of(state, &sight));
    // While the machine is there: nobody knows of them after it.
    let emptied = empty_drive(job, state, vmid, &sight).await;
    if let Ok(emptied) = &emptied {
        sweep(job, seeds.clone(), emptied).await;
    }
    remove(job, vmid, &sight, state.uuid.text()).await?;
    if emptied.is_err() {
        sweep(job, seeds, &Sight::default()).await;
    }
    Ok(())
}

/// Takes the image of the seed out of its drive, and gives what is left: should the machine stay after all, it starts without.
async fn empty_drive(
    job: &Job<'_>,
    state: &TalosVm,
    vmid: u32,
    sight: &Sight,
) -> proxmox_client::Result<Sight> {
    let mut emptied = Sight {
        pending: BTreeMap::new(),
        ..sight.clone()
    };
    let slot = state.network_seed.get().map(|seed| seed.slot.text());
    let Some(slot) = slot.filter(|_| seed_volume(state, sight).is_some()) else {
        return Ok(emptied);
    };
    let digest = job
        .client
        .config(&job.calls, &sight.node, vmid)
        .await?
        .digest;
    let drive = BTreeMap::from([(slot.to_owned(), NO_MEDIUM.to_owned())]);
    job.client
        .configure(&job.calls, &sight.node, vmid, &drive, &[], &digest)
        .await?;
    emptied.values.extend(drive);
    Ok(emptied)
}

/// A lost answer is looked into: the machine with this UUID is gone once it is destroyed.
async fn remove(job: &Job<'_>, vmid: u32, sight: &Sight, uuid: &str) -> Result<(), Failure> {
    for _ in 0..3 {
        match job.client.destroy_vm(&job.calls, &sight.node, vmid).await {
            Ok(_) => return Ok(()),
            Err(error) if error.code == Code::NotFound => return Ok(()),
            Err(error) if error.sent == Sent::Maybe && error.code != Code::Cancelled => {
                while job
                    .client
                    .tasks_of(&job.calls, &sight.node, vmid)
                    .await?
                    .iter()
                    .any(|task| task.running)
                {
                    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                }
                // Somebody may have made another one under the vmid meanwhile.
                let found = observe_made(job, &job.calls, vmid, &sight.node, uuid).await?;
                if matches!(found, Settled::Gone | Settled::Other) {
                    return Ok(());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Call(proxmox_client::Error::found(
        Code::Unclear,
        format!("destroying {vmid}"),
        "the answer was lost three times, and the machine is still there",
    )))
}
