//! Creating: find out what is there, make the machine stopped, see it, then start it.
//!
//! Until it is started the machine holds nothing: it is taken away again when something fails, and the error leaves no state behind.
//! Once it is started it exists for good: what fails after that is a warning, and the next apply goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::prelude::*;
use proxmox_client::codec::{format_of, is_drive};
use proxmox_client::{Backoff, Code, Cx, Error as PveError, Sent};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::Instant;

use super::TalosVmResource;
use super::compose::{Birth, compose};
use super::delta::Effect;
use super::describe::computed;
use super::desired::desired;
use super::identity::{is_marked, mark, uuid};
use super::job::{Job, seed_volume};
use super::model::TalosVm;
use super::observe::{Found, look, observe, place};
use super::plan::{Private, decide, hardware_addresses};
use super::power;
use super::sight::Sight;
use crate::shared::change::text_map;

/// How often a vmid that somebody else took in the same moment is replaced by another one.
const VMIDS: usize = 20;
/// How long a machine whose creation got no answer must be absent, with nothing at work on it, before it is made once
/// more: a busy host takes a request up later.
const ABSENT: Duration = Duration::from_secs(10);

/// A machine that exists and is not started, and how it came about.
struct Born {
    vmid: u32,
    sight: Sight,
    adopted: bool,
}

/// Creates the machine, or goes on with one of ours that holds nothing.
pub async fn create(
    cx: &ApplyCx<TalosVmResource>,
    planned: TalosVm,
    slot: &mut Slot<TalosVmResource>,
) -> Result<(), Error> {
    let job = Job::new(cx, &planned)?;
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
        imported: false,
        unfinished,
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
        .client
        .destroy_vm(&calls, &born.sight.node, born.vmid)
        .await
    {
        Ok(_) => {
            slot.clear();
            if let Some(volume) = seed_volume(planned, &born.sight) {
                job.remove_volume(&born.sight.node, &volume).await;
            }
            Err(error)
        }
        // It stays in state: core replaces it, which is harmless.
        Err(_) => Err(error),
    }
}

/// A machine that an interrupted run of ours left behind: it carries our mark and holds nothing.
async fn unfinished(job: &Job<'_>, planned: &TalosVm) -> Result<Option<Born>, Error> {
    let found = match planned
        .vmid
        .get()
        .and_then(|vmid| u32::try_from(*vmid).ok())
    {
        Some(vmid) => match place(&job.client, &job.calls, vmid).await {
            Ok(None) => return Ok(None),
            Ok(Some(node)) => vec![(vmid, node)],
            Err(error) if error.code == Code::Permission => {
                return Err(job.error(&taken(vmid, &error.seen)));
            }
            Err(error) => return Err(job.error(&error)),
        },
        None => namesakes(job).await.map_err(|error| job.error(&error))?,
    };
    for (vmid, node) in found {
        let looked = look_unlocked(job, &node, vmid)
            .await
            .map_err(|error| job.error(&error))?;
        let mark = mark(&job.data().cluster_name, &job.name, vmid);
        let marked = is_marked(looked.values.get("smbios1").map(String::as_str), &mark);
        let fresh = marked
            && holds_nothing(job, planned, vmid, &looked)
                .await
                .map_err(|error| job.error(&error))?;
        if fresh {
            return Ok(Some(Born {
                vmid,
                sight: looked,
                adopted: true,
            }));
        }
        if planned.vmid.is_known() {
            let whose = if marked {
                "it has our mark and was used before"
            } else {
                "it does not carry our mark"
            };
            let name = looked
                .values
                .get("name")
                .map_or("without a name", String::as_str);
            return Err(job.error(&taken(
                vmid,
                &format!("{vmid} is {name} on {node}; {whose}"),
            )));
        }
    }
    Ok(None)
}

fn taken(vmid: u32, seen: &str) -> PveError {
    PveError::found(Code::VmidTaken, format!("creating {vmid}"), seen)
}

/// Machines that an interrupted run with an automatic vmid may have made.
async fn namesakes(job: &Job<'_>) -> proxmox_client::Result<Vec<(u32, String)>> {
    let places = job.client.places(&job.calls).await?;
    let named = places
        .into_iter()
        .filter(|place| place.name.as_deref() == Some(&job.name));
    Ok(named.map(|place| (place.vmid, place.node)).collect())
}

/// Looks for the machine with this UUID; one that is being made is waited for.
pub async fn observe_made(
    job: &Job<'_>,
    calls: &Cx,
    vmid: u32,
    hint: &str,
    uuid: &str,
) -> proxmox_client::Result<Found> {
    let node = match observe(&job.client, calls, vmid, hint, uuid, job.wants).await? {
        Found::Making(node) => node,
        found => return Ok(found),
    };
    let sight = look_unlocked(job, &node, vmid).await?;
    if sight.uuid().as_deref() == Some(&uuid.to_lowercase()) {
        Ok(Found::Here(Box::new(sight)))
    } else {
        Ok(Found::Other)
    }
}

/// Looks at a machine once the task that makes it is done.
pub async fn look_unlocked(job: &Job<'_>, node: &str, vmid: u32) -> proxmox_client::Result<Sight> {
    let backoff = Backoff::up_to(Duration::from_secs(2));
    loop {
        let sight = look(&job.client, &job.calls, node, vmid, job.wants).await?;
        if !sight.is_being_made() {
            return Ok(sight);
        }
        let running = job
            .client
            .tasks_of(&job.calls, node, vmid)
            .await?
            .iter()
            .any(|task| task.running);
        let error = PveError::found(
            Code::Locked,
            format!("looking at {vmid} on {node}"),
            "it is locked (create)",
        );
        if !running {
            return Err(error);
        }
        backoff.pause(&job.calls, error).await?;
    }
}

/// Whether nobody used a machine since it was made: it was never started, or it runs since its only start and wrote nothing.
async fn holds_nothing(
    job: &Job<'_>,
    planned: &TalosVm,
    vmid: u32,
    sight: &Sight,
) -> proxmox_client::Result<bool> {
    let tasks = job.client.tasks_of(&job.calls, &sight.node, vmid).await?;
    let tasks = tasks
        .iter()
        .map(|task| (task.upid.kind.as_str(), task.upid.started));
    let Some(starts) = starts(made(sight), tasks.collect()) else {
        return Ok(false);
    };
    if !sight.running {
        return Ok(starts == 0);
    }
    if starts != 1 || planned.power_state.text() != "running" {
        return Ok(false);
    }
    let status = job.client.status(&job.calls, &sight.node, vmid).await?;
    Ok(wrote_nothing(&sight.values, &status.written))
}

/// When a machine was made, in seconds of Unix time, as Proxmox VE notes it in the configuration.
fn made(sight: &Sight) -> Option<u64> {
    let meta = sight.values.get("meta")?;
    meta.split("ctime=").nth(1)?.split(',').next()?.parse().ok()
}

/// How often a machine was started since it was made, by its host's tasks (kind and start). `None` where they do not
/// tell: its making is not among them, or it came from elsewhere since.
fn starts(made: Option<u64>, tasks: Vec<(&str, u64)>) -> Option<usize> {
    let making = tasks
        .iter()
        .filter(|(kind, started)| *kind == "qmcreate" && made.is_some_and(|made| *started <= made))
        .map(|(_, started)| *started)
        .max()?;
    let since: Vec<&str> = tasks
        .iter()
        .filter(|(_, started)| *started >= making)
        .map(|(kind, _)| *kind)
        .collect();
    let moved = ["qmrestore", "qmigrate", "hamigrate", "qmrollback"];
    if since.iter().any(|kind| moved.contains(kind)) {
        return None;
    }
    // High availability has a task of its own beside the usual one.
    let usual = since.iter().filter(|kind| **kind == "qmstart").count();
    let managed = since.iter().filter(|kind| **kind == "hastart").count();
    Some(usual.max(managed))
}

/// Whether each disk is known to be as it was made. What the firmware keeps of its own is no data.
fn wrote_nothing(values: &BTreeMap<String, String>, written: &BTreeMap<String, u64>) -> bool {
    let is_disk = |key: &str, value: &str| {
        is_drive(key)
            && format_of(key)
                .and_then(|format| format.parse(value).ok())
                .is_none_or(|drive| drive.get("media") != Some("cdrom"))
    };
    let mut disks = values.iter().filter(|(key, value)| is_disk(key, value));
    disks.all(|(slot, _)| written.get(slot) == Some(&0))
}

/// Makes the machine. A vmid that was given is used or refused; another one is tried until one is free.
async fn make(
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
            Some(vmid) => vmid,
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
        .map_err(|error| Error::from(super::refuse::malformed("disks", &error)))?;
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

#[cfg(test)]
mod tests {
    use super::starts;

    #[test]
    fn only_a_host_that_saw_the_making_knows_of_starts() {
        let (before, made) = (("qmstart", 50), ("qmcreate", 100));
        assert_eq!(starts(Some(101), vec![before, made]), Some(0));
        let started = vec![made, ("qmstart", 100), ("hastart", 100)];
        assert_eq!(starts(Some(101), started), Some(1));
        // A creation under the same number that failed later hides nothing.
        let failed = ("qmcreate", 900);
        let started = vec![failed, ("qmstart", 500), made];
        assert_eq!(starts(Some(101), started), Some(1));
        for unknown in [
            vec![],
            vec![before],
            vec![failed],
            vec![made, ("qmrestore", 300)],
            vec![made, ("qmigrate", 300)],
        ] {
            assert_eq!(starts(Some(101), unknown.clone()), None, "{unknown:?}");
        }
        assert_eq!(starts(None, vec![made]), None);
    }
}
