//! What became of a machine since it was made, as far as the tasks of its host tell.

use std::collections::BTreeMap;

use proxmox_client::codec::{format_of, is_drive};

use super::job::Job;
use super::model::TalosVm;
use super::sight::Sight;

/// What became of a machine of ours since it was made.
pub enum Past {
    /// Nobody used it.
    Nothing,
    /// Somebody used it, or that cannot be told.
    Used,
    /// The token does not see what others did to it.
    Unseen,
}

/// What became of a machine. The tasks tell, as far as the token sees them.
pub async fn past(
    job: &Job<'_>,
    planned: &TalosVm,
    vmid: u32,
    sight: &Sight,
) -> proxmox_client::Result<Past> {
    if !holds_nothing(job, planned, vmid, sight).await? {
        return Ok(Past::Used);
    }
    let all = job.client.sees_all_tasks(&job.calls, &sight.node).await?;
    Ok(if all { Past::Nothing } else { Past::Unseen })
}

/// Whether nobody used a machine since it was made: it was never started, or it runs since its only start and wrote nothing.
async fn holds_nothing(
    job: &Job<'_>,
    planned: &TalosVm,
    vmid: u32,
    sight: &Sight,
) -> proxmox_client::Result<bool> {
    let Some(starts) = starts_of(job, vmid, sight).await? else {
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

/// Whether a machine was certainly never started, by the tasks of everybody.
pub async fn never_started(
    job: &Job<'_>,
    vmid: u32,
    sight: &Sight,
) -> proxmox_client::Result<bool> {
    Ok(!sight.running
        && starts_of(job, vmid, sight).await? == Some(0)
        && job.client.sees_all_tasks(&job.calls, &sight.node).await?)
}

/// How often a machine was started since it was made; `None` where the tasks do not tell.
async fn starts_of(
    job: &Job<'_>,
    vmid: u32,
    sight: &Sight,
) -> proxmox_client::Result<Option<usize>> {
    let tasks = job.client.tasks_of(&job.calls, &sight.node, vmid).await?;
    let tasks = tasks
        .iter()
        .filter(|task| task.upid.kind != "qmstart" || !task.exit.as_deref().is_some_and(is_in_vain))
        .map(|task| (task.upid.kind.as_str(), task.upid.started));
    Ok(starts(made(sight), tasks.collect()))
}

/// Whether a start certainly ended before the guest ran. After a timeout or an interruption the machine may run.
fn is_in_vain(exit: &str) -> bool {
    let unclear = [
        "timeout",
        "unexpected status",
        "unknown",
        "interrupt",
        "signal",
    ];
    exit != "OK"
        && !exit.is_empty()
        && !exit.starts_with("WARNINGS")
        && !unclear.iter().any(|text| exit.contains(text))
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
    use super::{is_in_vain, starts};

    #[test]
    fn a_start_that_failed_for_certain_is_none() {
        for failed in [
            "bridge 'vmbr9' does not exist",
            "start failed: QEMU exited with code 1",
        ] {
            assert!(is_in_vain(failed), "{failed}");
        }
        for started in [
            "OK",
            "",
            "WARNINGS: 1",
            "start failed: command '/usr/bin/kvm' failed: got timeout",
            "unexpected status",
            "interrupted by signal",
        ] {
            assert!(!is_in_vain(started), "{started}");
        }
    }

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
