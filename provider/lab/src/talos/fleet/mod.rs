//! The machines at play: time that passes, power that comes and goes, ports that listen.

mod hook;
mod kubernetes;
mod listen;
mod metal;
mod milestones;
mod summary;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rustls::ServerConfig;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use listen::{Addresses, NoAddresses};

use super::api;
use super::life::{Effect, Rack};
use super::machine::{Door, Key, Stage};
use crate::cluster::{ClusterView, Kubernetes};
use crate::faults::{Effect as FaultEffect, Fault, Seen};
use crate::journal::Entry;
use crate::world::{Lab, World};

/// How machines are to be played.
pub struct Settings {
    /// What the scenario says of machines.
    pub world: World,
    /// Where everything random comes from.
    pub seed: u64,
    /// Where machines without a hypervisor are kept between runs.
    pub folder: Option<PathBuf>,
    /// Who runs what control planes run; without it no API server ever answers.
    pub kubernetes: Option<Arc<dyn Kubernetes>>,
    /// How addresses come to be there.
    pub addresses: Arc<dyn Addresses>,
}

/// The release where nobody names one.
const VERSION: &str = "v1.12.6";

/// Machines, played.
pub struct Fleet {
    rack: Mutex<Rack>,
    settings: Settings,
    lab: OnceLock<Weak<Lab>>,
    own: Weak<Fleet>,
    runtime: Handle,
    /// Grows with every change.
    changed: watch::Sender<u64>,
    /// What is to be done outside, in the order in which it came to pass.
    outside: Mutex<Outside>,
    /// TLS of the maintenance service: one certificate per boot.
    maintenance: Mutex<BTreeMap<(Key, u64), Arc<ServerConfig>>>,
    /// What Kubernetes was told last.
    told: Mutex<BTreeMap<String, ClusterView>>,
    /// What machines had come to when somebody last looked.
    reached: Mutex<milestones::Reached>,
}

#[derive(Default)]
struct Outside {
    effects: VecDeque<Effect>,
    busy: bool,
}

impl Fleet {
    /// Machines that wait for their lab. Must be called within a runtime.
    ///
    /// # Errors
    /// A machine of the scenario cannot be read.
    pub fn new(settings: Settings) -> Result<Arc<Self>, String> {
        let version = settings.world.talos_version.as_deref().unwrap_or(VERSION);
        let version = format!("v{}", version.trim_start_matches('v'));
        let mut rack = Rack::new(&version, settings.seed, 0);
        metal::put(
            &mut rack,
            &settings.world.machines,
            settings.folder.as_deref(),
        )?;
        let (changed, _) = watch::channel(0);
        Ok(Arc::new_cyclic(|own| Self {
            rack: Mutex::new(rack),
            settings,
            lab: OnceLock::new(),
            own: own.clone(),
            runtime: Handle::current(),
            changed,
            outside: Mutex::default(),
            maintenance: Mutex::default(),
            told: Mutex::default(),
            reached: Mutex::default(),
        }))
    }

    /// Begins to play in a lab: machines without a hypervisor start, VMs that ran go on.
    pub fn attach(self: &Arc<Self>, lab: &Arc<Lab>) {
        // A second lab would be a mistake of the caller; the first one stays.
        let _ = self.lab.set(Arc::downgrade(lab));
        // Numbers of a world that is taken up again differ from those before.
        let salt = u64::try_from(lab.now()).unwrap_or_default();
        let seed = self.settings.seed;
        self.with(|rack| rack.reseed(seed ^ salt));
        metal::start(self);
        for vm in lab.running_guests() {
            hook::start(self, &vm);
        }
        self.runtime.spawn(listen::keep(Arc::downgrade(self)));
        self.runtime.spawn(tick(Arc::downgrade(self)));
        if let Some(kubernetes) = &self.settings.kubernetes {
            self.runtime
                .spawn(kubernetes::follow(Arc::downgrade(self), kubernetes.nodes()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rack> {
        // A panic elsewhere must not end the lab.
        self.rack.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells Kubernetes that a cluster begins anew; before it is told of the first member.
    pub(crate) fn bootstrapped(&self, cluster: &str) {
        if let Some(kubernetes) = &self.settings.kubernetes {
            kubernetes.bootstrapped(cluster);
        }
    }

    fn lab(&self) -> Option<Arc<Lab>> {
        self.lab.get()?.upgrade()
    }

    /// The lab's clock.
    pub(crate) fn now(&self) -> i64 {
        self.lab().map_or(0, |lab| lab.now())
    }

    /// Looks at the machines.
    pub(crate) fn look<T>(&self, work: impl FnOnce(&Rack) -> T) -> T {
        work(&self.lock())
    }

    /// Changes machines at the present moment, and lets everything happen that follows from it.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Rack) -> T) -> T {
        // The lab may have something to tell the machines when it is asked for the time.
        let now = self.now();
        let mut rack = self.lock();
        rack.advance(now);
        let result = work(&mut rack);
        rack.settle();
        let effects = std::mem::take(&mut rack.effects);
        self.outside().effects.extend(effects);
        drop(rack);
        self.changed.send_modify(|count| *count += 1);
        self.see_to_outside();
        kubernetes::tell(self);
        milestones::note(self);
        result
    }

    fn outside(&self) -> MutexGuard<'_, Outside> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is to be done outside, one after the other. A call from within leaves its own
    /// effects to the outer one.
    fn see_to_outside(&self) {
        if std::mem::replace(&mut self.outside().busy, true) {
            return;
        }
        loop {
            let next = {
                let mut outside = self.outside();
                let next = outside.effects.pop_front();
                outside.busy = next.is_some();
                next
            };
            match next {
                Some(effect) => self.do_outside(effect),
                None => return,
            }
        }
    }

    fn do_outside(&self, effect: Effect) {
        let Some(lab) = self.lab() else {
            return;
        };
        match effect {
            Effect::Write {
                key: Key::Vm(vmid),
                slot,
                content,
            } => {
                let content = content.map_or(Value::Null, |content| content.write());
                // The disk may have been unplugged meanwhile.
                let _ = lab.write_disk(vmid, &slot, content);
            }
            Effect::Write { .. } => metal::save(self),
            Effect::Stopped {
                key: Key::Vm(vmid),
                reset,
            } => lab.guest_stopped(vmid, reset),
            Effect::Stopped { .. } => {}
            Effect::Entered { key, stage } => self.entered(&lab, &key, stage),
        }
    }

    /// A fault may strike at this moment.
    fn entered(&self, lab: &Lab, key: &Key, stage: Stage) {
        let names = self.look(|rack| {
            let machine = rack.machine(key);
            machine.map(|machine| [machine.hardware.name.clone(), machine.name().to_owned()])
        });
        let names = names.unwrap_or_default();
        let fault = lab.strike_at(&names, stage.name());
        if let Some(fault) = fault.filter(|fault| fault.effect == FaultEffect::PowerLoss) {
            let [name, _] = names;
            lab.journal.add(Entry {
                time: lab.now(),
                service: "machine".to_owned(),
                method: stage.name().to_owned(),
                path: String::new(),
                node: name,
                status: 0,
                write: false,
                fault: Some(fault.name()),
            });
            self.lose_power(lab, key);
        }
    }

    fn lose_power(&self, lab: &Lab, key: &Key) {
        match key {
            Key::Vm(vmid) => lab.cut_power(*vmid),
            Key::Metal(_) => self.with(|rack| rack.power_off(key)),
        }
    }

    /// Takes the power of a machine, by its name in the world.
    pub(crate) fn cut_power(&self, name: &str) {
        let key = self.look(|rack| {
            let mut machines = rack.machines.iter();
            machines
                .find(|(_, machine)| machine.hardware.name == name)
                .map(|(key, _)| key.clone())
        });
        if let (Some(lab), Some(key)) = (self.lab(), key) {
            self.lose_power(&lab, &key);
        }
    }

    /// Changes are told here.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.changed.subscribe();
        changes.mark_unchanged();
        changes
    }

    /// A handle for what outlives the call.
    pub(crate) fn shared(&self) -> Weak<Self> {
        self.own.clone()
    }

    /// The id of an action that begins.
    pub(crate) fn actor(&self) -> String {
        self.with(Rack::new_id)
    }

    /// TLS as a machine speaks it now.
    ///
    /// # Errors
    /// Nothing listens.
    pub(crate) fn tls(&self, key: &Key) -> Result<Arc<ServerConfig>, api::TlsError> {
        let rack = self.lock();
        let start = rack.machine(key).map_or(0, |machine| machine.starts);
        let door = rack.run(key).map_or(Door::Closed, |run| run.door);
        if door != Door::Maintenance {
            return api::tls(&rack, key);
        }
        let mut kept = self
            .maintenance
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let name = (key.clone(), start);
        if let Some(tls) = kept.get(&name) {
            return Ok(Arc::clone(tls));
        }
        let tls = api::tls(&rack, key)?;
        kept.insert(name, Arc::clone(&tls));
        Ok(tls)
    }

    pub(crate) fn strike(&self, seen: Seen<'_>) -> Option<Fault> {
        self.lab()?.strike(seen)
    }

    pub(crate) fn note(&self, entry: Entry) {
        if let Some(lab) = self.lab() {
            lab.journal.add(entry);
        }
    }
}

/// Lets time pass for the machines as it does for the lab.
async fn tick(fleet: Weak<Fleet>) {
    let Some(mut changes) = fleet.upgrade().map(|fleet| fleet.changes()) else {
        return;
    };
    loop {
        let Some((lab, due)) = fleet.upgrade().and_then(|fleet| {
            let due = fleet.look(Rack::next_due);
            Some((fleet.lab()?, due))
        }) else {
            return;
        };
        let wait = async {
            match due {
                Some(due) => lab.reach(due).await,
                // Nothing is to happen until something else does.
                None => tokio::time::sleep(Duration::from_secs(3600)).await,
            }
        };
        tokio::select! {
            () = wait => {
                if let Some(fleet) = fleet.upgrade() {
                    fleet.with(|_| ());
                }
            }
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}
