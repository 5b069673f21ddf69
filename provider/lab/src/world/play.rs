//! The lab at play: requests in, answers out, and what happens in between.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::sync::mpsc;

use super::clock::{Clock, Pace, real_now};
use super::follow::Follow;
use super::machines::Machines;
use super::persist;
use super::scenario::Scenario;
use crate::faults::{Fault, Faults};
use crate::journal::Journal;
use crate::proxmox::{Answer, Blobs, Datacenter, Effect, Fetch, Fetched, Outcome, Request};

/// How a lab is to be played.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything random comes from.
    pub seed: u64,
    /// How time passes.
    pub pace: Pace,
    /// Where the world is kept between runs.
    pub folder: Option<PathBuf>,
    /// Where the journal goes.
    pub journal: Option<PathBuf>,
    /// What is there and what goes wrong.
    pub scenario: Scenario,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            pace: Pace::Explicit,
            folder: None,
            journal: None,
            scenario: Scenario {
                world: super::World::usual(),
                faults: Vec::new(),
            },
        }
    }
}

/// A world, played.
pub struct Lab {
    state: Mutex<Datacenter>,
    clock: Clock,
    /// What goes wrong.
    pub faults: Mutex<Faults>,
    /// What was asked.
    pub journal: Journal,
    machines: Arc<dyn Machines>,
    /// Woken when time or state moved.
    moved: Notify,
    follow: Follow,
    /// Whether the state changed since it was saved.
    dirty: AtomicBool,
    downloads: mpsc::UnboundedSender<(String, Fetch)>,
    waiting: Mutex<Option<mpsc::UnboundedReceiver<(String, Fetch)>>>,
    folder: Option<PathBuf>,
}

/// Midnight of the first day of 2026: where explicit time begins.
const EPOCH: i64 = 1_767_225_600_000;

impl Lab {
    /// Builds the world, or takes it up where it was left.
    ///
    /// # Errors
    /// The scenario does not fit together, or the folder cannot be read.
    pub fn new(options: Options, machines: Arc<dyn Machines>) -> Result<Arc<Self>, String> {
        let now = match options.pace {
            Pace::Explicit => EPOCH,
            Pace::Auto(_) => real_now(),
        };
        let kept = options.folder.as_deref().map(persist::load).transpose()?;
        let mut state = match kept.flatten() {
            Some(state) => state,
            None => options.scenario.world.build(options.seed, now)?,
        };
        if let Some(folder) = &options.folder {
            state.blobs = Blobs::in_folder(persist::image_folder(folder)?);
        }
        let journal = match &options.journal {
            Some(path) => Journal::to_file(path)
                .map_err(|error| format!("cannot write the journal {}: {error}", path.display()))?,
            None => Journal::default(),
        };
        let (downloads, waiting) = mpsc::unbounded_channel();
        Ok(Arc::new(Self {
            clock: Clock::new(options.pace, state.now.max(now)),
            state: Mutex::new(state),
            faults: Mutex::new(Faults::new(options.scenario.faults)),
            journal,
            machines,
            moved: Notify::new(),
            follow: Follow::default(),
            dirty: AtomicBool::new(true),
            downloads,
            waiting: Mutex::new(Some(waiting)),
            folder: options.folder,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Datacenter> {
        // A panic elsewhere must not end the lab.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the state at the present moment, and lets everything happen that follows from it.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Datacenter) -> T) -> T {
        self.dirty.store(true, Ordering::Relaxed);
        let result = self.look(work);
        self.moved.notify_waiters();
        result
    }

    /// Looks at the state at the present moment. Time may have passed since the last look: what
    /// fell due happens first.
    pub(super) fn look<T>(&self, work: impl FnOnce(&mut Datacenter) -> T) -> T {
        let mut state = self.lock();
        if let Some(now) = self.clock.shows() {
            let due = state.next_due().is_some_and(|due| due <= now);
            self.dirty.fetch_or(due, Ordering::Relaxed);
            state.advance_to(now);
        }
        let result = work(&mut state);
        self.follow.add(std::mem::take(&mut state.effects));
        drop(state);
        self.follow.drain(|effect| self.follow_up(effect));
        result
    }

    fn follow_up(&self, effect: Effect) {
        match effect {
            Effect::PowerOn(machine) => self.machines.power_on(machine),
            Effect::PowerOff { vmid } => self.machines.power_off(vmid),
            Effect::PowerButton { vmid } => self.machines.power_button(vmid),
            Effect::Reset(machine) => self.machines.reset(machine),
            Effect::Changed(machine) => self.machines.changed(machine),
            // Nobody may be there to fetch: then the worker waits.
            Effect::Download(worker, fetch) => drop(self.downloads.send((worker, fetch))),
        }
    }

    /// The lab's clock: milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.look(|state| state.now)
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let milliseconds = i64::try_from(time.as_millis()).unwrap_or_default();
        self.with(|state| state.advance_to(state.now + milliseconds));
    }

    /// Lets time pass until no worker has anything left to do.
    pub fn settle(&self) {
        self.with(|state| {
            while let Some(due) = state.next_due() {
                state.advance_to(due);
            }
        });
    }

    /// Answers a request at once. What has to wait for another worker lets the time pass; what
    /// has to ask another server finds none.
    #[must_use]
    pub fn request(&self, request: &Request) -> Answer {
        self.request_fetching(request, unreachable)
    }

    /// As `request`, with what other servers answer.
    pub fn request_fetching(
        &self,
        request: &Request,
        fetch_now: impl Fn(&Fetch) -> Fetched,
    ) -> Answer {
        let mut fetched = None;
        loop {
            match self.step(request, fetched.as_ref()) {
                Outcome::Done(answer) => return answer,
                Outcome::Later(moment) => self.with(|state| state.advance_to(moment)),
                Outcome::Ask(fetch) => fetched = Some(fetch_now(&fetch)),
            }
        }
    }

    /// Answers a request, waiting where PVE waits.
    pub(crate) async fn answer(&self, request: &Request) -> Answer {
        let mut fetched = None;
        loop {
            match self.step(request, fetched.as_ref()) {
                Outcome::Done(answer) => return answer,
                Outcome::Later(moment) => self.wait_for(moment).await,
                Outcome::Ask(fetch) => {
                    fetched = Some(super::fetch::fetch(&fetch, self.trust()).await)
                }
            }
        }
    }

    fn step(&self, request: &Request, fetched: Option<&Fetched>) -> Outcome {
        if request.verb == "GET" {
            return self.look(|state| state.handle(request, fetched));
        }
        let outcome = self.with(|state| state.handle(request, fetched));
        self.save();
        outcome
    }

    /// Waits until the clock shows a moment.
    pub(crate) async fn reach(&self, moment: i64) {
        self.wait_for(moment).await;
    }

    /// Hardware of the VMs that run.
    pub(crate) fn running_guests(&self) -> Vec<crate::proxmox::PowerOn> {
        self.look(|state| {
            let running = state.vms.iter().filter(|(_, vm)| vm.running.is_some());
            let running: Vec<u32> = running.map(|(vmid, _)| *vmid).collect();
            running
                .into_iter()
                .filter_map(|vmid| state.hardware(vmid))
                .collect()
        })
    }

    async fn wait_for(&self, moment: i64) {
        loop {
            let moved = self.moved.notified();
            let left = moment - self.now();
            if left <= 0 {
                return;
            }
            match self.clock.really(left) {
                Some(real) => tokio::time::sleep(real).await,
                None => moved.await,
            }
        }
    }

    /// Keeps workers going and fetches what they wait for, until the task is dropped.
    pub async fn run(self: Arc<Self>) {
        let waiting = self
            .waiting
            .lock()
            .ok()
            .and_then(|mut waiting| waiting.take());
        let Some(mut waiting) = waiting else {
            return;
        };
        loop {
            let due = self.look(|state| state.next_due().map(|due| due - state.now));
            let nap = due.and_then(|left| self.clock.really(left));
            let nap = nap.unwrap_or(Duration::from_millis(200));
            tokio::select! {
                Some((worker, fetch)) = waiting.recv() => {
                    let lab = Arc::clone(&self);
                    tokio::spawn(async move { lab.download(&worker, &fetch).await });
                }
                () = tokio::time::sleep(nap.max(Duration::from_millis(1))) => {}
                () = self.moved.notified() => {}
            }
            self.save();
        }
    }

    async fn download(&self, worker: &str, fetch: &Fetch) {
        let fetched = super::fetch::fetch(fetch, self.trust()).await;
        self.with(|state| state.fetched(worker, &fetched));
        self.save();
    }

    /// Certificates that the hosts trust.
    fn trust(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join("ca.pem"))
    }

    /// Writes the world to its folder, where it has one.
    pub fn save(&self) {
        let Some(folder) = &self.folder else {
            return;
        };
        if self.dirty.swap(false, Ordering::Relaxed) {
            let state = self.lock();
            let saved = persist::save(folder, &state);
            // The next save may succeed; the world in memory goes on.
            self.dirty.fetch_or(saved.is_err(), Ordering::Relaxed);
        }
    }

    /// What is in the world of a folder: hosts, VMs, running tasks.
    ///
    /// # Errors
    /// No world was kept there.
    pub fn summary(folder: &std::path::Path) -> Result<Value, String> {
        let state = persist::load(folder)?;
        let state = state.ok_or_else(|| format!("no world was kept in {}", folder.display()))?;
        Ok(persist::summary(&state))
    }

    /// A guest switched itself off, or started itself again.
    pub fn guest_stopped(&self, vmid: u32, reboot: bool) {
        self.with(|state| state.guest_stopped(vmid, reboot));
        self.save();
    }

    /// A guest wrote to a disk; null makes it blank. False where there is no such disk.
    pub fn write_disk(&self, vmid: u32, slot: &str, written: Value) -> bool {
        let done = self.with(|state| state.write_disk(vmid, slot, written));
        self.save();
        done
    }

    /// An API token with all rights, as clients send it.
    #[must_use]
    pub fn token(&self) -> String {
        self.look(|state| {
            let tokens = &state.access.tokens;
            let token = tokens.iter().find(|(_, token)| !token.separate);
            token.map_or_else(String::new, |(id, token)| format!("{id}={}", token.secret))
        })
    }

    /// Names and addresses of the hosts.
    #[must_use]
    pub fn hosts(&self) -> Vec<(String, String)> {
        self.look(|state| {
            let hosts = state.hosts.iter();
            hosts
                .map(|(name, host)| (name.clone(), host.address.clone()))
                .collect()
        })
    }

    /// The fault that hits a request.
    pub(crate) fn strike(&self, seen: crate::faults::Seen<'_>) -> Option<Fault> {
        self.faults.lock().ok()?.strike(seen)
    }

    /// The fault that hits a machine, by any of its names, as it enters a stage.
    pub(crate) fn strike_at(&self, names: &[String], stage: &str) -> Option<Fault> {
        self.faults.lock().ok()?.strike_at(names, stage)
    }

    /// From now on this goes wrong and nothing else.
    pub fn replace_faults(&self, faults: Vec<Fault>) {
        if let Ok(mut own) = self.faults.lock() {
            *own = Faults::new(faults);
        }
    }

    /// Notes the fingerprint of a host's certificate.
    pub(crate) fn set_fingerprint(&self, node: &str, fingerprint: &str) {
        self.with(|state| {
            if let Some(host) = state.hosts.get_mut(node) {
                host.fingerprint = fingerprint.to_owned();
            }
        });
    }
}

fn unreachable(fetch: &Fetch) -> Fetched {
    let rest = fetch.url.split("://").nth(1).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    Fetched {
        status_line: format!("500 Can't connect to {host} (Connection refused)"),
        content_type: None,
        size: 0,
        body: Vec::new(),
    }
}
