//! A machine that an interrupted run of ours left behind: it carries our mark and holds nothing.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::{Code, Kind, Place};

use super::super::identity::{is_marked, mark};
use super::super::job::Job;
use super::super::model::TalosVm;
use super::super::observe::{look_unlocked, place};
use super::super::past::{Past, past};
use super::super::sight::Sight;
use super::{Born, taken};

/// A machine that an interrupted run of ours left behind: it carries our mark and holds nothing.
pub async fn unfinished(job: &Job<'_>, planned: &TalosVm) -> Result<Option<Born>, Error> {
    let given = planned
        .vmid
        .get()
        .and_then(|vmid| u32::try_from(*vmid).ok());
    match given {
        Some(vmid) => under(job, planned, vmid).await,
        None => anywhere(job, planned).await,
    }
}

/// What is under the vmid that was set: nothing, a machine to go on with, or one that is left alone.
async fn under(job: &Job<'_>, planned: &TalosVm, vmid: u32) -> Result<Option<Born>, Error> {
    let node = match place(&job.client, &job.calls, vmid).await {
        Ok(None) => return Ok(None),
        Ok(Some(place)) if place.kind == Kind::Container => {
            let name = place.name.as_deref().unwrap_or("without a name");
            let seen = format!("{vmid} is the container {name} on {}", place.node);
            return Err(job.error(&taken(vmid, &seen)));
        }
        Ok(Some(place)) => place.node,
        Err(error) if error.code == Code::Permission => {
            return Err(job.error(&taken(vmid, &error.seen)));
        }
        Err(error) => return Err(job.error(&error)),
    };
    let sight = look_unlocked(job, &node, vmid)
        .await
        .map_err(|error| job.error(&error))?;
    if is_ours(job, vmid, &sight.values) {
        return go_on(job, planned, vmid, sight).await.map(Some);
    }
    let name = sight
        .values
        .get("name")
        .map_or("without a name", String::as_str);
    let seen = format!("{vmid} is {name} on {node}; it does not carry our mark");
    Err(job.error(&taken(vmid, &seen)))
}

/// The machine that an interrupted run with an automatic vmid made. A second one would have the same hardware addresses: one that cannot
/// be gone on with is refused.
async fn anywhere(job: &Job<'_>, planned: &TalosVm) -> Result<Option<Born>, Error> {
    let mut found = None;
    for (vmid, node) in namesakes(job).await.map_err(|error| job.error(&error))? {
        let sight = look_unlocked(job, &node, vmid)
            .await
            .map_err(|error| job.error(&error))?;
        if is_ours(job, vmid, &sight.values) {
            let born = go_on(job, planned, vmid, sight).await?;
            found.get_or_insert(born);
        }
    }
    Ok(found)
}

/// A machine with our mark is gone on with, or it is somebody's.
async fn go_on(job: &Job<'_>, planned: &TalosVm, vmid: u32, sight: Sight) -> Result<Born, Error> {
    let past = past(job, planned, vmid, &sight)
        .await
        .map_err(|error| job.error(&error))?;
    let node = &sight.node;
    let (known, cause, cure) = match past {
        Past::Nothing => {
            return Ok(Born {
                vmid,
                sight,
                adopted: true,
            });
        }
        Past::Used => (
            "and was used before",
            "something was written to its disks since".to_owned(),
            String::new(),
        ),
        Past::Unseen => (
            "and may have been used before",
            format!(
                "the API token lacks Sys.Audit on /nodes/{node}, without which it does not see whether others started it since"
            ),
            format!(
                "give the token (and, with privilege separation, its user) a role with Sys.Audit on /nodes/{node}; or "
            ),
        ),
    };
    let seen = format!("{vmid} is {} on {node}; it has our mark {known}", job.name);
    let error = taken(vmid, &seen)
        .caused_by(format!("an earlier run made the machine and was interrupted before state knew of it, and {cause}"))
        .cured_by(format!(
            "{cure}import it (terraform import ADDRESS {vmid}); or destroy it in Proxmox VE where nothing on it is needed, then apply again"
        ));
    Err(job.error(&error))
}

/// Whether a machine carries our mark for this name.
fn is_ours(job: &Job<'_>, vmid: u32, values: &BTreeMap<String, String>) -> bool {
    let mark = mark(&job.data().cluster_name, &job.name, vmid);
    is_marked(values.get("smbios1").map(String::as_str), &mark)
}

/// Machines that an interrupted run with an automatic vmid may have made. For some seconds the list has no name for a new one, or one
/// that stands in for it: then the mark decides at once.
async fn namesakes(job: &Job<'_>) -> proxmox_client::Result<Vec<(u32, String)>> {
    let mut found = Vec::new();
    let mut silent = BTreeSet::new();
    let places = job.client.places(&job.calls).await?;
    for place in places.into_iter().filter(|place| place.kind == Kind::Vm) {
        if place.name.as_deref() == Some(&job.name) {
            found.push((place.vmid, place.node));
        } else if place.is_nameless()
            && !job.data().proxmox.is_ours_now(place.vmid)
            && !silent.contains(&place.node)
        {
            match is_nameless_ours(job, &place).await {
                Ok(true) => found.push((place.vmid, place.node)),
                Ok(false) => {}
                // The list forgets the names of machines whose host is off; these are not waited for.
                Err(error) if error.code.is_out_of_reach() => drop(silent.insert(place.node)),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// Whether a machine that the list has no name for carries our mark.
async fn is_nameless_ours(job: &Job<'_>, place: &Place) -> proxmox_client::Result<bool> {
    match values_once_made(job, place).await {
        Ok(values) => Ok(is_ours(job, place.vmid, &values)),
        // It went away in between, or its making ended early and left nothing but the lock.
        Err(error) if matches!(error.code, Code::NotFound | Code::Locked) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Settings of a machine, once the task that makes it is done.
async fn values_once_made(
    job: &Job<'_>,
    place: &Place,
) -> proxmox_client::Result<BTreeMap<String, String>> {
    let (node, vmid) = (&place.node, place.vmid);
    let values = job.client.config(&job.calls, node, vmid).await?.values;
    if values.get("lock").is_some_and(|lock| lock == "create") {
        return Ok(look_unlocked(job, node, vmid).await?.values);
    }
    Ok(values)
}
