//! A machine: its hardware, what is on its disks, and what runs on it.

mod disk;
mod hardware;
mod network;
mod service;
mod stage;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub(crate) use disk::{Ephemeral, Installed, StatePartition};
pub(crate) use hardware::{Disk, Disks, Hardware, Key, Link, Metal};
pub(crate) use network::Network;
pub(crate) use service::{Service, State};
pub(crate) use stage::Stage;

use super::config::Config;
use super::cosi::Store;
use super::etcd;

/// A machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub hardware: Hardware,
    pub disks: Disks,
    /// None while it is off.
    pub run: Option<Run>,
    /// Counts its starts; what was to happen in an earlier one does not.
    pub starts: u64,
}

/// What runs on a machine that is on.
#[derive(Debug)]
pub(crate) struct Run {
    /// The kernel's id of this boot.
    pub boot_id: String,
    /// When it began, in milliseconds of the lab.
    pub since: i64,
    /// The release that runs, and its schematic.
    pub version: String,
    pub schematic: Option<String>,
    pub stage: Stage,
    /// Whether the machine shows its stage: not before the kernel is up.
    pub up: bool,
    /// A sequence ends this run; no other one begins.
    pub leaving: bool,
    pub door: Door,
    /// Grows when connections have to go.
    pub epoch: u64,
    pub network: Network,
    /// The configuration in force.
    pub active: Option<Config>,
    /// What comes back when a try is over: its number and the configuration.
    pub tried: Option<(u64, Config)>,
    /// By name.
    pub services: BTreeMap<String, Service>,
    /// Whether etcd runs.
    pub etcd: bool,
    /// Shared addresses that it holds.
    pub vips: Vec<IpAddr>,
    /// Its identity before there is a disk to keep it.
    pub node_id: String,
    /// Its resources.
    pub store: Store,
    /// What came to pass, for the calls that follow it.
    pub events: Vec<Told>,
}

/// An event of the API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// Counts up.
    pub number: u64,
    /// The action that caused it.
    pub actor: String,
    pub what: What,
}

/// What came to pass.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// A sequence began or ended.
    Sequence(&'static str, bool),
    /// A task of a sequence began.
    Task(&'static str),
    /// The stage, and whether the machine is ready.
    Stage(Stage, bool),
}

/// What listens at port 50000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Nothing.
    Closed,
    /// The maintenance service.
    Maintenance,
    /// apid.
    Api,
}

impl Run {
    /// Opens or closes the door; who was inside leaves.
    pub(crate) fn open(&mut self, door: Door) {
        if self.door != door {
            self.door = door;
            self.epoch += 1;
        }
    }

    pub(crate) fn service_runs(&self, name: &str) -> bool {
        self.services.get(name).is_some_and(Service::running)
    }

    pub(crate) fn control_plane(&self) -> bool {
        self.active.as_ref().is_some_and(Config::control_plane)
    }

    /// All its addresses, shared ones last.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let own = self
            .network
            .addresses
            .iter()
            .map(|(_, prefix)| prefix.address);
        own.chain(self.vips.iter().copied()).collect()
    }

    pub(crate) fn tell(&mut self, actor: &str, what: What) {
        const KEPT: usize = 1000;
        let number = self.events.last().map_or(1, |told| told.number + 1);
        if self.events.len() == KEPT {
            self.events.remove(0);
        }
        self.events.push(Told {
            number,
            actor: actor.to_owned(),
            what,
        });
    }
}

impl Machine {
    /// The disk that Talos is on: slot and content.
    pub(crate) fn system_disk(&self) -> Option<(&Disk, Installed)> {
        self.hardware.disks.iter().find_map(|disk| {
            let written = self.disks.get(&disk.slot).cloned().flatten();
            // An image of Talos is an installation that has not run yet.
            let fresh = disk.image.as_ref().map(|image| Installed {
                version: image.version.clone().unwrap_or_default(),
                schematic: image.schematic.clone(),
                state: None,
                ephemeral: None,
            });
            Some((disk, written.or(fresh)?))
        })
    }

    /// What STATE holds.
    pub(crate) fn state(&self) -> Option<StatePartition> {
        self.system_disk()?.1.state
    }

    /// The data directory of etcd.
    pub(crate) fn etcd_data(&self) -> Option<&etcd::Data> {
        let mut written = self.disks.values().flatten();
        written.find_map(|disk| disk.ephemeral.as_ref()?.etcd.as_ref())
    }

    /// The configuration on disk.
    pub(crate) fn persisted(&self) -> Option<Config> {
        let text = self.state()?.config?;
        Config::parse(&text).ok()
    }

    /// The configuration in force.
    pub(crate) fn active(&self) -> Option<&Config> {
        self.run.as_ref()?.active.as_ref()
    }

    /// The name that it goes by: its host name while it has one.
    pub(crate) fn name(&self) -> &str {
        let own = self.run.as_ref().map(|run| run.network.hostname.as_str());
        own.filter(|name| !name.is_empty())
            .unwrap_or(&self.hardware.name)
    }
}
