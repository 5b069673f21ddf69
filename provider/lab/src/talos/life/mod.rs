//! How machines live: pure. What happens later stands in a list of moments; who plays the lab
//! lets time pass and does what has to be done outside.

mod boot;
mod config;
mod etcd;
mod moment;
mod power;
mod ready;
mod services;
mod shared;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(crate) use config::{Apply, ApplyMode};
pub(crate) use etcd::EtcdError;
pub(crate) use moment::Step;
pub(crate) use power::Wipe;
pub(crate) use ready::{pods, unmet};

use super::machine::{Disks, Hardware, Installed, Key, Machine, Run, Stage, What};
use crate::cluster::NodeView;
use crate::world::Random;
use moment::Moments;
use shared::Shared;

/// All machines.
#[derive(Debug)]
pub(crate) struct Rack {
    pub machines: BTreeMap<Key, Machine>,
    /// Milliseconds of the lab's clock.
    pub now: i64,
    /// The release on images that do not name theirs.
    pub version: String,
    /// How Kubernetes is, by UUID.
    pub nodes: BTreeMap<String, NodeView>,
    /// What is to be done outside.
    pub effects: Vec<Effect>,
    moments: Moments,
    random: Random,
    shared: BTreeMap<(String, std::net::IpAddr), Shared>,
}

/// What a machine does to the world around it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// It wrote to a disk; none makes it blank.
    Write {
        key: Key,
        slot: String,
        content: Option<Installed>,
    },
    /// It switched itself off, or resets itself.
    Stopped { key: Key, reset: bool },
    /// It entered a stage.
    Entered { key: Key, stage: Stage },
}

impl Rack {
    pub(crate) fn new(version: &str, seed: u64, now: i64) -> Self {
        Self {
            machines: BTreeMap::new(),
            now,
            version: version.to_owned(),
            nodes: BTreeMap::new(),
            effects: Vec::new(),
            moments: Moments::default(),
            random: Random::new(seed),
            shared: BTreeMap::new(),
        }
    }

    /// When something happens next.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.moments.first()
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, now: i64) {
        while let Some((due, key, start, step)) = self.moments.pop(now) {
            self.now = self.now.max(due);
            let valid = |machine: &Machine| machine.starts == start && machine.run.is_some();
            if self.machines.get(&key).is_some_and(valid) {
                self.step(&key, step);
                self.settle();
            }
        }
        self.now = self.now.max(now);
    }

    /// Brings everything that follows from the present state up to date.
    pub(crate) fn settle(&mut self) {
        self.see_to_shared();
        self.see_to_health();
        self.see_to_running();
        super::cosi::refresh(self);
    }

    /// Puts a machine there, or new hardware into it.
    pub(crate) fn put(&mut self, key: &Key, hardware: Hardware, disks: Disks) {
        let machine = self.machines.entry(key.clone()).or_insert_with(|| Machine {
            hardware: hardware.clone(),
            disks: Disks::new(),
            run: None,
            starts: 0,
        });
        machine.hardware = hardware;
        machine.disks = disks;
    }

    pub(crate) fn machine(&self, key: &Key) -> Option<&Machine> {
        self.machines.get(key)
    }

    pub(crate) fn run(&self, key: &Key) -> Option<&Run> {
        self.machines.get(key)?.run.as_ref()
    }

    pub(crate) fn run_mut(&mut self, key: &Key) -> Option<&mut Run> {
        self.machines.get_mut(key)?.run.as_mut()
    }

    /// Lets something happen later, unless the machine starts anew before.
    fn later(&mut self, key: &Key, milliseconds: i64, step: Step) {
        if let Some(machine) = self.machines.get(key) {
            let due = self.now + milliseconds;
            self.moments.add(due, key.clone(), machine.starts, step);
        }
    }

    /// Enters a stage.
    fn enter(&mut self, key: &Key, stage: Stage) {
        if let Some(run) = self.run_mut(key)
            && (run.stage != stage || !run.up)
        {
            run.stage = stage;
            run.up = true;
            run.tell("", What::Stage(stage, false));
            self.effects.push(Effect::Entered {
                key: key.clone(),
                stage,
            });
        }
    }

    /// Changes what is on the disk that Talos is on; none where it is on none.
    fn write(&mut self, key: &Key, work: impl FnOnce(&mut Installed)) {
        let Some(machine) = self.machines.get_mut(key) else {
            return;
        };
        let Some((slot, mut content)) = machine
            .system_disk()
            .map(|(disk, content)| (disk.slot.clone(), content))
        else {
            return;
        };
        work(&mut content);
        self.put_on_disk(key, &slot, Some(content));
    }

    fn put_on_disk(&mut self, key: &Key, slot: &str, content: Option<Installed>) {
        let Some(machine) = self.machines.get_mut(key) else {
            return;
        };
        machine.disks.insert(slot.to_owned(), content.clone());
        // What an image held is overwritten.
        let mut disks = machine.hardware.disks.iter_mut();
        if let Some(disk) = disks.find(|disk| disk.slot == slot) {
            disk.image = None;
        }
        self.effects.push(Effect::Write {
            key: key.clone(),
            slot: slot.to_owned(),
            content,
        });
    }

    /// A number that is not 0.
    fn number(&mut self) -> u64 {
        self.random.next().max(1)
    }

    fn uuid(&mut self) -> String {
        self.random.uuid()
    }

    /// An id for whoever needs one.
    pub(crate) fn new_id(&mut self) -> String {
        self.uuid()
    }

    /// Begins another series of numbers.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = Random::new(seed);
    }

    /// Hardware of a machine changed while it runs; it knows what is on disks that stayed.
    pub(crate) fn replug(&mut self, key: &Key, hardware: Hardware, mut disks: Disks) {
        if let Some(machine) = self.machines.get(key) {
            for (slot, content) in &machine.disks {
                disks
                    .entry(slot.clone())
                    .and_modify(|new| new.clone_from(content));
            }
        }
        self.put(key, hardware, disks);
        self.renew_network(key);
    }

    /// The machine that has an address, shared ones included.
    pub(crate) fn at_address(&self, address: std::net::IpAddr) -> Option<&Key> {
        let mut machines = self.machines.iter();
        machines.find_map(|(key, machine)| {
            let run = machine.run.as_ref()?;
            run.addresses().contains(&address).then_some(key)
        })
    }

    /// The machine that goes by a name, or has an address.
    pub(crate) fn named(&self, name: &str) -> Option<&Key> {
        if let Ok(address) = name.trim_matches(['[', ']']).parse() {
            return self.at_address(address);
        }
        let mut machines = self.machines.iter();
        machines
            .find(|(_, machine)| machine.run.is_some() && machine.name() == name)
            .map(|(key, _)| key)
    }
}
