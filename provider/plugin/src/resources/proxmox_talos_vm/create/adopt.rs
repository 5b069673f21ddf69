//! A machine that an interrupted run of ours left behind: it carries our mark and holds nothing.

use std::collections::BTreeMap;

use framework::prelude::*;
use proxmox_client::Code;
use proxmox_client::codec::{format_of, is_drive};

use super::super::identity::{is_marked, mark};
use super::super::job::Job;
use super::super::model::TalosVm;
use super::super::observe::{look_unlocked, place};
use super::super::sight::Sight;
use super::{Born, taken};

/// A machine that an interrupted run of ours left behind: it carries our mark and holds nothing.
pub async fn unfinished(job: &Job<'_>, planned: &TalosVm) -> Result<Option<Born>, Error> {
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

/// Machines that an interrupted run with an automatic vmid may have made.
async fn namesakes(job: &Job<'_>) -> proxmox_client::Result<Vec<(u32, String)>> {
    let places = job.client.places(&job.calls).await?;
    let named = places
        .into_iter()
        .filter(|place| place.name.as_deref() == Some(&job.name));
    Ok(named.map(|place| (place.vmid, place.node)).collect())
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
