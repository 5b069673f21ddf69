//! Cloning a VM, whole or linked to a template's disks.

use serde::{Deserialize, Serialize};

use super::access::check_target;
use super::config::{Config, Options};
use super::{Vm, hardware};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Drive, Nic};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::storage::{Allocation, Content, Volume};
use crate::proxmox::task::Job;

/// A clone's work.
#[derive(Debug, std::clone::Clone, Serialize, Deserialize)]
pub(crate) struct Clone {
    pub(crate) vmid: u32,
    node: String,
    newid: u32,
    full: bool,
    name: Option<String>,
    description: Option<String>,
    storage: Option<String>,
    format: Option<String>,
    target: Option<String>,
    pool: Option<String>,
}

/// Rights of a clone: the source, and the new VM or its pool.
pub(crate) fn check_clone(call: &Call<'_>) -> Reply<()> {
    call.check(&format!("/vms/{}", call.text("vmid")), &["VM.Clone"])?;
    let pool = call.args.get("pool").map(|pool| format!("/pool/{pool}"));
    if pool.is_some_and(|pool| call.may(&pool, &["VM.Allocate"])) {
        return Ok(());
    }
    call.check(&format!("/vms/{}", call.text("newid")), &["VM.Allocate"])
}

/// Checks a clone and starts its worker.
pub(crate) fn clone(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    let newid = call
        .args
        .number("newid")
        .and_then(|id| u32::try_from(id).ok())
        .unwrap_or_default();
    if let Some(target) = call
        .args
        .get("target")
        .filter(|target| !call.dc.hosts.contains_key(*target))
    {
        return Err(Refusal::die(format!("no such cluster node '{target}'")));
    }
    if let Some(storage) = call.args.get("storage") {
        check_target(call, storage)?;
    }
    if call.dc.vms.contains_key(&newid) {
        let text = format!("unable to create VM {newid}: config file already exists");
        return Err(Refusal::die(text));
    }
    let config = call.dc.vm(call.node(), vmid)?.config.clone();
    config.check_lock()?;
    let template = config.flag("template");
    let full = match call.args.get("full") {
        Some(full) => full == "1",
        None => !template,
    };
    if !full {
        check_linked(call, &config, template)?;
    }
    check_shared(call, &config)?;
    let job = Job::Clone(Clone {
        vmid,
        node: call.node().to_owned(),
        newid,
        full,
        name: call.args.get("name").map(str::to_owned),
        description: call.args.get("description").map(str::to_owned),
        storage: call.args.get("storage").map(str::to_owned),
        format: call.args.get("format").map(str::to_owned),
        target: call.args.get("target").map(str::to_owned),
        pool: call.args.get("pool").map(str::to_owned),
    });
    Ok(call.fork("qmclone", &vmid.to_string(), job))
}

fn check_linked(call: &Call<'_>, config: &Config, template: bool) -> Reply<()> {
    if call.args.get("storage").is_some() {
        let text = "parameter 'storage' not allowed for linked clones";
        return Err(Refusal::parameter("storage", text));
    }
    for drive in config.drives().iter().filter(|drive| !drive.is_cdrom()) {
        let storage = drive.file.split(':').next().unwrap_or_default();
        if !template || !call.dc.storage(storage)?.clones() {
            return Err(Refusal::die(format!(
                "Linked clone feature is not supported for '{}' ({})",
                drive.file, drive.slot
            )));
        }
    }
    Ok(())
}

/// Another host can only take what it can reach (reference: qemu-server).
fn check_shared(call: &Call<'_>, config: &Config) -> Reply<()> {
    let target = call
        .args
        .get("target")
        .filter(|target| *target != call.node());
    let Some(target) = target else {
        return Ok(());
    };
    for drive in config.drives() {
        let storage = drive.file.split(':').next().unwrap_or_default();
        let local = call
            .dc
            .storages
            .get(storage)
            .is_some_and(|storage| !storage.shared);
        if local && drive.volume().is_some() {
            let text = format!("can't clone VM to node '{target}' (VM uses local storage)");
            return Err(Refusal::die(text));
        }
    }
    match call.args.get("storage") {
        Some(storage) if !call.dc.storage(storage)?.shared => Err(Refusal::die(format!(
            "can't clone to non-shared storage '{storage}'"
        ))),
        _ => Ok(()),
    }
}

impl Clone {
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        if dc.vms.contains_key(&self.newid) {
            let text = format!(
                "unable to create VM {}: config file already exists",
                self.newid
            );
            return Err(Refusal::die(text));
        }
        let config = &dc.vm(&self.node, self.vmid)?.config;
        let size: u64 = config.drives().iter().map(Drive::size).sum();
        let mut locked = Config::default();
        locked.set("lock", "clone");
        dc.vms.insert(
            self.newid,
            Vm {
                node: self.node.clone(),
                config: locked,
                running: None,
            },
        );
        let copied = if self.full { size >> 19 } else { 0 };
        Ok(1500 + i64::try_from(copied).unwrap_or_default())
    }

    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        log.push(format!(
            "creating a clone of VM {} with ID {}",
            self.vmid, self.newid
        ));
        match self.build(dc, log) {
            Ok(config) => {
                let node = self.target.clone().unwrap_or_else(|| self.node.clone());
                dc.vms.insert(
                    self.newid,
                    Vm {
                        node,
                        config,
                        running: None,
                    },
                );
                if let Some(pool) = self.pool.as_ref().and_then(|pool| dc.pools.get_mut(pool)) {
                    pool.vms.insert(self.newid);
                }
                Ok(())
            }
            Err(refusal) => {
                dc.vms.remove(&self.newid);
                Err(Refusal::die(format!(
                    "clone failed: {}",
                    refusal.exit_status()
                )))
            }
        }
    }

    fn build(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<Config> {
        let source = dc.vm(&self.node, self.vmid)?.config.clone();
        let mut config = Config::default();
        let dropped = [
            "template", "lock", "parent", "snaptime", "vmstate", "digest",
        ];
        for (name, value) in &source.current {
            let own = Drive::is_slot(name) || super::config::is_unused(name);
            if own || dropped.contains(&name.as_str()) {
                continue;
            }
            let value = match name.starts_with("net") {
                true => fresh_card(dc, value),
                false => value.clone(),
            };
            config.current.insert(name.clone(), value);
        }
        let disks = self.disks(dc, &source, log)?;
        config.current.extend(disks);
        let uuid = dc.random.uuid();
        config.set("smbios1", &format!("uuid={uuid}"));
        let generation = dc.random.uuid();
        config.set("vmgenid", &generation);
        let meta = format!("creation-qemu=10.0.13,ctime={}", dc.seconds());
        config.set("meta", &meta);
        let copy = || match source.get("name") {
            Some(name) => format!("Copy-of-VM-{name}"),
            None => format!(
                "Copy-of-{}",
                hardware::name_of(self.vmid, &source).replace(' ', "-")
            ),
        };
        let name = self.name.clone().unwrap_or_else(copy);
        config.set("name", &name);
        if let Some(description) = &self.description {
            config.set("description", description);
        }
        Ok(config)
    }

    fn disks(&self, dc: &mut Datacenter, source: &Config, log: &mut Vec<String>) -> Reply<Options> {
        let mut made: Vec<String> = Vec::new();
        let mut ready = Options::new();
        for drive in source.drives() {
            match self.disk(dc, drive.clone(), log) {
                Ok(copy) => {
                    if copy.file != drive.file {
                        made.push(copy.file.clone());
                    }
                    ready.insert(copy.slot.clone(), copy.print());
                }
                Err(refusal) => {
                    for volid in made {
                        dc.free(&self.node, &volid);
                    }
                    return Err(refusal);
                }
            }
        }
        Ok(ready)
    }

    fn disk(&self, dc: &mut Datacenter, mut drive: Drive, log: &mut Vec<String>) -> Reply<Drive> {
        let medium = drive.is_cdrom() && !drive.is_cloud_init();
        if medium || drive.volume().is_none() {
            return Ok(drive);
        }
        if !self.full && !drive.is_cloud_init() {
            return self.linked(dc, drive, log);
        }
        let volume = dc.existing(&self.node, &drive.file)?.clone();
        log.push(format!(
            "create full clone of drive {} ({})",
            drive.slot, drive.file
        ));
        let from = drive.file.split(':').next().unwrap_or_default().to_owned();
        let storage = self.storage.clone().unwrap_or(from);
        let wanted = Allocation {
            node: &self.node,
            storage: &storage,
            vmid: self.newid,
            format: Some(self.format.as_deref().unwrap_or(&volume.format)),
            size: volume.size,
            suffix: drive.is_cloud_init().then_some("cloudinit"),
            content: volume.content.clone(),
        };
        // The size in the option stays what the source has.
        drive.set_size(drive.size().max(volume.size));
        drive.file = dc.allocate(&wanted, log)?;
        log.push(format!("allocated target volume '{}'", drive.file));
        Ok(drive)
    }

    /// A disk on top of a template's.
    fn linked(&self, dc: &mut Datacenter, mut drive: Drive, log: &mut Vec<String>) -> Reply<Drive> {
        log.push(format!(
            "create linked clone of drive {} ({})",
            drive.slot, drive.file
        ));
        let base = dc.existing(&self.node, &drive.file)?.clone();
        let (storage, name) = drive.file.split_once(':').unwrap_or_default();
        let (storage, name) = (storage.to_owned(), name.to_owned());
        let files = dc.storage(&storage)?.has_files();
        let wanted = Allocation {
            node: &self.node,
            storage: &storage,
            vmid: self.newid,
            format: Some(if files { "qcow2" } else { "raw" }),
            size: base.size,
            suffix: None,
            content: Content::Blank,
        };
        let alone = dc.allocate(&wanted, log)?;
        let volume = dc.free(&self.node, &alone);
        let own = alone.split_once(':').map_or("", |(_, own)| own);
        let joined = format!("{name}/{own}");
        if let Some(volume) = volume {
            let place = dc.place(&storage, &self.node);
            let volume = Volume {
                parent: Some(name),
                content: base.content,
                ..volume
            };
            dc.places
                .entry(place)
                .or_default()
                .insert(joined.clone(), volume);
        }
        drive.file = format!("{storage}:{joined}");
        Ok(drive)
    }
}

fn fresh_card(dc: &mut Datacenter, value: &str) -> String {
    let Some(mut nic) = Nic::parse(value) else {
        return value.to_owned();
    };
    nic.keys.insert("macaddr".into(), dc.random.mac());
    nic.print()
}
