//! Making a machine: the call, and what is known where its answer is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::prelude::*;
use proxmox_client::{Backoff, Code, Error as PveError, Sent};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::Instant;

use super::super::TalosVmResource;
use super::super::compose::{Birth, compose};
use super::super::desired::desired;
use super::super::identity::{mark, uuid};
use super::super::job::Job;
use super::super::model::TalosVm;
use super::super::observe::look;
use super::super::plan::{Private, hardware_addresses};
use super::super::refuse;
use super::super::sight::Sight;
use super::{Born, taken};

/// How often a vmid that somebody else took in the same moment is replaced by another one.
const VMIDS: usize = 20;

/// How long a machine whose creation got no answer must be absent, with nothing at work on it, before it is made once
/// more: a busy host takes a request up later.
const ABSENT: Duration = Duration::from_secs(10);

/// Makes the machine. A vmid that was given is used or refused; another one is tried until one is free.
pub async fn make(
    job: &Job<'_>,
    planned: &TalosVm,
    slot: &mut Slot<TalosVmResource>,
) -> Result<Born, Error> {
    let given = planned
        .vmid
        .get()
        .and_then(|vmid| u32::try_from(*vmid).ok());
    for _ in 0..VMIDS {
        let vmid = match given {
            Some(vmid) => {
                job.data().proxmox.claim_vmid(vmid);
                vmid
            }
            None => job
                .data()
                .proxmox
                .reserve_vmid(&job.client, &job.calls)
                .await
                .map_err(|error| job.error(&error))?,
        };
        match make_as(job, planned, vmid, slot).await {
            Ok(Some(sight)) => {
                return Ok(Born {
                    vmid,
                    sight,
                    adopted: false,
                });
            }
            Ok(None) if given.is_none() => {}
            Ok(None) => return Err(job.error(&taken(vmid, "somebody took it in the same moment"))),
            Err(error) => return Err(error),
        }
    }
    Err(job.error(&PveError::found(
        Code::VmidTaken,
        "looking for a free vmid",
        "each one that was free was taken in the same moment",
    )))
}

/// Makes the machine under a vmid; `None` where somebody else has it.
async fn make_as(
    job: &Job<'_>,
    planned: &TalosVm,
    vmid: u32,
    slot: &mut Slot<TalosVmResource>,
) -> Result<Option<Sight>, Error> {
    let node = planned.node.text();
    let seed = job.deliver_seed(node, planned, &Sight::default()).await?;
    let uuid = random_uuid()?;
    let cluster = &job.data().cluster_name;
    let birth = Birth {
        uuid: &uuid,
        mark: &mark(cluster, &job.name, vmid),
        macs: &hardware_addresses(cluster, planned, &Sight::default()),
        seed: seed
            .as_ref()
            .map(|(slot, volume)| (slot.as_str(), volume.clone())),
    };
    let values = compose(&desired(planned), &birth)
        .map_err(|error| Error::from(refuse::malformed("disks", &error)))?;
    job.cx.phase(format!("creating {vmid} on {node}"));
    let made = settle(job, node, vmid, &uuid, &values).await;
    let interrupted = made
        .as_ref()
        .err()
        .filter(|error| error.sent == Sent::Maybe);
    if interrupted.is_some() {
        // It may exist: state knows of it, and the next apply looks.
        let mut state = planned.clone();
        state.id = vmid.to_string().into();
        state.vmid = i64::from(vmid).into();
        state.uuid = uuid.clone().into();
        slot.set(state);
        slot.private(Private {
            unfinished: true,
            ..Private::default()
        });
        slot.irreversible();
    }
    match made {
        Ok(sight) => Ok(Some(sight)),
        Err(error) => {
            if error.sent != Sent::Maybe
                && let Some((_, volume)) = &seed
            {
                job.remove_volume(node, volume).await;
            }
            if error.code == Code::VmidTaken && error.sent == Sent::Refused {
                Ok(None)
            } else {
                Err(job.error(&error))
            }
        }
    }
}

/// Sends the call, and where its answer is lost finds out whether it took effect before sending it again.
async fn settle(
    job: &Job<'_>,
    node: &str,
    vmid: u32,
    uuid: &str,
    values: &BTreeMap<String, String>,
) -> proxmox_client::Result<Sight> {
    let mut lost = false;
    loop {
        let error = match job.client.create_vm(&job.calls, node, vmid, values).await {
            Ok(_) => return look(&job.client, &job.calls, node, vmid, job.wants).await,
            Err(error) if error.sent == Sent::Maybe && error.code != Code::Cancelled => error,
            // The request before may have been carried out late.
            Err(error) if lost && error.code == Code::VmidTaken => error,
            Err(error) => return Err(error),
        };
        lost = true;
        tracing::info!(vmid, seen = %error.seen, "the answer was lost; looking whether the machine was made");
        if let Some(sight) = appeared(job, node, vmid, uuid, &error).await? {
            return Ok(sight);
        }
    }
}

/// Looks for a machine that may be on its way; `None` when nothing is there and nothing is at work on it.
async fn appeared(
    job: &Job<'_>,
    node: &str,
    vmid: u32,
    uuid: &str,
    error: &PveError,
) -> proxmox_client::Result<Option<Sight>> {
    let backoff = Backoff::up_to(Duration::from_secs(2));
    let mut absent: Option<Instant> = None;
    loop {
        let unclear = |found: PveError| {
            if found.code.is_out_of_reach() {
                unclear(found)
            } else {
                found
            }
        };
        match look(&job.client, &job.calls, node, vmid, job.wants).await {
            Ok(sight) if sight.is_being_made() => absent = None,
            Ok(sight) if sight.uuid().as_deref() == Some(uuid) => return Ok(Some(sight)),
            Ok(_) => return Err(taken(vmid, "somebody else made a machine under it")),
            Err(found) if found.code == Code::NotFound => {
                let tasks = job
                    .client
                    .tasks_of(&job.calls, node, vmid)
                    .await
                    .map_err(unclear)?;
                let idle = !tasks.iter().any(|task| task.running);
                absent = idle.then(|| absent.unwrap_or_else(Instant::now));
            }
            Err(found) => return Err(unclear(found)),
        }
        if absent.is_some_and(|since| since.elapsed() >= ABSENT) {
            return Ok(None);
        }
        backoff.pause(&job.calls, error.clone()).await?;
    }
}

fn unclear(mut error: PveError) -> PveError {
    error.sent = Sent::Maybe;
    error
}

fn random_uuid() -> Result<String, Error> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        Error::new(
            "TS-RANDOM: the operating system gives no random numbers",
            "The machine's UUID cannot be made without them. Check that this process may use getrandom(2) or read /dev/urandom.",
        )
    })?;
    Ok(uuid(bytes))
}
