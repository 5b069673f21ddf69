//! Workers: each write that takes time becomes a task with an id, a log and an end.

mod api;
mod job;
mod upid;

pub(crate) use api::{abort, cluster_list, index, list, log, status};
pub(crate) use job::Job;
pub(crate) use upid::Upid;

use serde::{Deserialize, Serialize};

use crate::proxmox::datacenter::Datacenter;

/// How long a worker waits for a VM's lock, in milliseconds.
const LOCK_WAIT: i64 = 10_000;

/// How many tasks hosts remember.
const KEPT: usize = 2000;

/// Where a worker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// For the VM's lock, until that moment.
    Waiting(i64),
    Working,
    /// For another server's answer.
    Fetching,
    Ended,
}

/// A task; moments in milliseconds of the lab's clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) upid: Upid,
    pub(crate) started: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) exit: Option<String>,
    pub(crate) log: Vec<String>,
    job: Option<Job>,
    stage: Stage,
    due: i64,
}

impl Task {
    pub(crate) fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// The VM whose lock this task holds now.
    fn holds(&self) -> Option<u32> {
        let working = matches!(self.stage, Stage::Working | Stage::Fetching);
        working.then(|| self.job.as_ref()?.locks()).flatten()
    }
}

impl Datacenter {
    /// Starts a worker on a host and gives its id.
    pub(crate) fn fork(&mut self, node: &str, kind: &str, id: &str, user: &str, job: Job) -> Upid {
        let upid = self.fork_later(0, (node, kind, id, user), job);
        self.step(self.tasks.len() - 1);
        upid
    }

    /// A worker (host, kind, id, user) that starts after some milliseconds.
    pub(crate) fn fork_later(
        &mut self,
        after: i64,
        (node, kind, id, user): (&str, &str, &str, &str),
        job: Job,
    ) -> Upid {
        let start = self.now + after;
        let upid = Upid {
            node: node.to_owned(),
            pid: self.next_pid(),
            pstart: u64::try_from(start / 10 % (1 << 31)).unwrap_or_default(),
            starttime: start / 1000,
            kind: kind.to_owned(),
            id: id.to_owned(),
            user: user.to_owned(),
        };
        if self.tasks.len() >= KEPT
            && let Some(oldest) = self.tasks.iter().position(|task| !task.is_running())
        {
            self.tasks.remove(oldest);
        }
        self.tasks.push(Task {
            upid: upid.clone(),
            started: start,
            ended: None,
            exit: None,
            log: Vec::new(),
            job: Some(job),
            stage: Stage::Waiting(start + LOCK_WAIT),
            due: start,
        });
        upid
    }

    /// Does a job at once, for calls that wait for their worker.
    pub(crate) fn work_now(&mut self, job: &Job) -> Result<(), super::answer::Refusal> {
        let mut log = Vec::new();
        job.begin(self)?;
        job.finish(self, &mut log)
    }

    /// Until when another worker holds the VM's lock.
    pub(crate) fn locked_until(&self, vmid: u32) -> Option<i64> {
        let holders = self.tasks.iter().filter(|task| task.holds() == Some(vmid));
        holders.map(|task| task.due).max()
    }

    /// The next moment at which a task goes on by itself.
    pub(crate) fn next_due(&self) -> Option<i64> {
        let waiting = self
            .tasks
            .iter()
            .filter(|task| task.is_running() && task.stage != Stage::Fetching);
        waiting.map(|task| task.due).min()
    }

    /// Lets time pass until `moment`; what falls due on the way happens in order.
    pub(crate) fn advance_to(&mut self, moment: i64) {
        while let Some(due) = self.next_due().filter(|due| *due <= moment) {
            self.now = self.now.max(due);
            let ready =
                |task: &Task| task.is_running() && task.stage != Stage::Fetching && task.due <= due;
            if let Some(at) = self.tasks.iter().position(ready) {
                self.step(at);
            }
        }
        self.now = self.now.max(moment);
    }

    fn step(&mut self, at: usize) {
        let Some(task) = self.tasks.get(at) else {
            return;
        };
        let Some(job) = task.job.clone() else {
            return;
        };
        match task.stage {
            Stage::Waiting(deadline) => self.begin(at, &job, deadline),
            Stage::Working => {
                let mut log = Vec::new();
                let result = job.finish(self, &mut log);
                self.end(at, log, result);
            }
            Stage::Fetching | Stage::Ended => {}
        }
    }

    fn begin(&mut self, at: usize, job: &Job, deadline: i64) {
        if let Some(vmid) = job.locks()
            && let Some(free) = self.locked_until(vmid)
        {
            if self.now >= deadline {
                let text = lock_timeout(vmid);
                return self.end(at, Vec::new(), Err(super::answer::Refusal::die(text)));
            }
            let again = free.clamp(self.now + 1, deadline);
            if let Some(task) = self.tasks.get_mut(at) {
                task.due = again;
            }
            return;
        }
        let begun = job.begin(self);
        let fetch = job.fetches(self);
        let now = self.now;
        let Some(task) = self.tasks.get_mut(at) else {
            return;
        };
        match begun {
            Err(refusal) => self.end(at, Vec::new(), Err(refusal)),
            Ok(length) => {
                task.due = now + length;
                task.stage = Stage::Working;
                if let Some(fetch) = fetch {
                    task.stage = Stage::Fetching;
                    let upid = task.upid.to_string();
                    self.effects.push(super::Effect::Download(upid, fetch));
                }
            }
        }
    }

    /// A download ended.
    pub(crate) fn fetched(&mut self, upid: &str, fetched: &super::fetch::Fetched) {
        let waits = |task: &Task| task.stage == Stage::Fetching && task.upid.to_string() == upid;
        let Some(at) = self.tasks.iter().position(waits) else {
            return;
        };
        if let Some(Job::Download(download)) = self.tasks.get(at).and_then(|task| task.job.clone())
        {
            let mut log = Vec::new();
            let result = download.store(self, fetched, &mut log);
            self.end(at, log, result);
        }
    }

    fn end(&mut self, at: usize, log: Vec<String>, result: Result<(), super::answer::Refusal>) {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(at) else {
            return;
        };
        task.log.extend(log);
        let exit = match result {
            Ok(()) => {
                task.log.push("TASK OK".to_owned());
                "OK".to_owned()
            }
            Err(refusal) => {
                let text = refusal.exit_status();
                task.log.push(format!("TASK ERROR: {text}"));
                text
            }
        };
        task.exit = Some(exit);
        task.ended = Some(now);
        task.stage = Stage::Ended;
        task.job = None;
    }

    /// Ends what a VM's running task of one kind does, as an abort does.
    pub(crate) fn abort_tasks(&mut self, vmid: u32, kind: &str) {
        let id = vmid.to_string();
        let same = |task: &Task| task.is_running() && task.upid.kind == kind && task.upid.id == id;
        while let Some(at) = self.tasks.iter().position(same) {
            let refusal = super::answer::Refusal::die("received interrupt");
            self.end(at, Vec::new(), Err(refusal));
        }
    }

    /// Ends what runs on a host that lost its power: nobody wrote down how.
    pub(crate) fn lose_tasks(&mut self, node: &str) {
        let same = |task: &Task| task.is_running() && task.upid.node == node;
        while let Some(at) = self.tasks.iter().position(same) {
            let refusal = super::answer::Refusal::die("unexpected status");
            self.end(at, Vec::new(), Err(refusal));
        }
    }

    /// Ends a VM's running tasks of these kinds early and well: the guest did what they wait for.
    pub(crate) fn complete_tasks(&mut self, vmid: u32, kinds: &[&str]) -> bool {
        let id = vmid.to_string();
        let same = |task: &Task| {
            let kind = kinds.contains(&task.upid.kind.as_str());
            task.stage == Stage::Working && kind && task.upid.id == id
        };
        let at = self.tasks.iter().position(same);
        if let Some(at) = at {
            if let Some(Job::Power(job)) = self.tasks.get_mut(at).and_then(|task| task.job.as_mut())
            {
                job.guest_obeys = true;
            }
            self.step(at);
        }
        at.is_some()
    }

    pub(crate) fn task(&self, upid: &str) -> Option<&Task> {
        let same = |task: &&Task| task.upid.to_string() == upid;
        self.tasks.iter().rev().find(same)
    }
}

/// What a call says that did not get a VM's lock in time (qemu-server's lock file).
pub(crate) fn lock_timeout(vmid: u32) -> String {
    format!("can't lock file '/var/lock/qemu-server/lock-{vmid}.conf' - got timeout")
}
