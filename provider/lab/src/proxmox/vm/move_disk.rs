//! Moving a disk to another storage, or to another VM.

use serde::{Deserialize, Serialize};

use super::access::check_target;
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Drive, boot};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::storage::Allocation;
use crate::proxmox::task::Job;

/// A move's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MoveDisk {
    pub(crate) vmid: u32,
    node: String,
    disk: String,
    target: Target,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Target {
    Storage {
        storage: String,
        format: Option<String>,
        delete: bool,
    },
    Vm {
        vmid: u32,
        slot: String,
    },
}

/// Checks a move and starts its worker.
pub(crate) fn move_disk(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    let disk = call.text("disk").to_owned();
    let storage = call.args.get("storage").map(str::to_owned);
    let other: Option<u32> = call
        .args
        .get("target-vmid")
        .and_then(|vmid| vmid.parse().ok());
    let (target, id) = match (storage, other) {
        (None, None) => return Err(no_target()),
        (_, Some(other)) => {
            let slot = call.args.get("target-disk").unwrap_or(&disk).to_owned();
            check_other(call, other, &slot)?;
            (
                Target::Vm {
                    vmid: other,
                    slot: slot.clone(),
                },
                format!("{vmid}-{disk}>{other}-{slot}"),
            )
        }
        (Some(storage), None) => (
            Target::Storage {
                storage,
                format: call.args.get("format").map(str::to_owned),
                delete: call.args.flag("delete"),
            },
            vmid.to_string(),
        ),
    };
    if let Target::Storage { storage, .. } = &target {
        check_target(call, storage)?;
    }
    check_source(call, vmid, &disk, &target)?;
    let job = Job::MoveDisk(MoveDisk {
        vmid,
        node: call.node().to_owned(),
        disk,
        target,
    });
    Ok(call.fork("qmmove", &id, job))
}

fn no_target() -> Refusal {
    let text = "both 'storage' and 'target-vmid' missing, either needs to be set";
    let both = ["storage", "target-vmid"].map(|name| (name.to_owned(), text.to_owned()));
    Refusal::parameters(both.into())
}

fn check_other(call: &Call<'_>, other: u32, slot: &str) -> Reply<()> {
    call.check(&format!("/vms/{other}"), &["VM.Config.Disk"])?;
    let vm = call.dc.vm(call.node(), other)?;
    match vm.config.get(slot) {
        Some(_) => Err(Refusal::die(format!(
            "Target disk key '{slot}' is already in use for VM '{other}'"
        ))),
        None => Ok(()),
    }
}

fn check_source(call: &Call<'_>, vmid: u32, disk: &str, target: &Target) -> Reply<()> {
    let config = &call.dc.vm(call.node(), vmid)?.config;
    config.check_lock()?;
    config.check_digest(call.args.get("digest"))?;
    let missing = || Refusal::die(format!("disk '{disk}' does not exist"));
    let value = config.get(disk).ok_or_else(missing)?;
    let drive = Drive::parse(disk, value).ok_or_else(missing)?;
    if drive.is_cdrom() && !drive.is_cloud_init() {
        return Err(Refusal::die("you can't move a cdrom"));
    }
    let volume = call.dc.existing(call.node(), &drive.file)?;
    if let Target::Storage {
        storage, format, ..
    } = target
    {
        let same_place = drive.file.starts_with(&format!("{storage}:"));
        let same_format = format
            .as_ref()
            .is_none_or(|format| *format == volume.format);
        if same_place && same_format {
            let text = "you can't move to the same storage with same format";
            return Err(Refusal::die(text));
        }
    }
    Ok(())
}

impl MoveDisk {
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        let vm = dc.vm(&self.node, self.vmid)?;
        vm.config.check_lock()?;
        let drive = vm
            .config
            .get(&self.disk)
            .and_then(|value| Drive::parse(&self.disk, value));
        let size = drive.map_or(0, |drive| drive.size());
        // Half a gibibyte in a second.
        Ok(1000 + i64::try_from(size >> 19).unwrap_or_default())
    }

    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        match &self.target {
            Target::Storage {
                storage,
                format,
                delete,
            } => self.to_storage(dc, storage, format.as_deref(), *delete, log),
            Target::Vm { vmid, slot } => self.to_vm(dc, *vmid, slot, log),
        }
    }

    fn drive(&self, dc: &Datacenter) -> Reply<Drive> {
        let config = &dc.vm(&self.node, self.vmid)?.config;
        let value = config.get(&self.disk);
        let drive = value.and_then(|value| Drive::parse(&self.disk, value));
        drive.ok_or_else(|| Refusal::die(format!("disk '{}' does not exist", self.disk)))
    }

    fn to_storage(
        &self,
        dc: &mut Datacenter,
        storage: &str,
        format: Option<&str>,
        delete: bool,
        log: &mut Vec<String>,
    ) -> Reply<()> {
        let mut drive = self.drive(dc)?;
        let source = drive.file.clone();
        let from = source.split(':').next().unwrap_or_default();
        log.push(format!(
            "copying volume '{source}' from current storage '{from}' to target storage '{storage}'"
        ));
        let volume = dc.existing(&self.node, &source)?.clone();
        log.push(format!(
            "create full clone of drive {} ({source})",
            self.disk
        ));
        let wanted = Allocation {
            node: &self.node,
            storage,
            vmid: self.vmid,
            format: Some(format.unwrap_or(&volume.format)),
            size: volume.size,
            suffix: None,
            content: volume.content.clone(),
        };
        drive.file = dc.allocate(&wanted, log)?;
        log.push(format!("allocated target volume '{}'", drive.file));
        let size = dc
            .volume(&self.node, &drive.file)
            .map_or(volume.size, |new| new.size);
        drive.set_size(size);
        let mut config = dc.vm(&self.node, self.vmid)?.config.clone();
        config.set(&self.disk, &drive.print());
        if delete {
            log.push(format!(
                "removing source volume '{source}' after successful copy"
            ));
            dc.discard(&self.node, self.vmid, &source);
        } else {
            config.add_unused(&source);
        }
        config.tidy();
        dc.vm_mut(&self.node, self.vmid)?.config = config;
        Ok(())
    }

    /// The volume gets the other VM's number.
    fn to_vm(
        &self,
        dc: &mut Datacenter,
        other: u32,
        slot: &str,
        log: &mut Vec<String>,
    ) -> Reply<()> {
        let drive = self.drive(dc)?;
        log.push(format!(
            "reassign disk '{}' from VM '{}' as '{slot}' to VM '{other}'",
            self.disk, self.vmid
        ));
        let volume = dc.existing(&self.node, &drive.file)?.clone();
        let storage = drive.file.split(':').next().unwrap_or_default().to_owned();
        let wanted = Allocation {
            node: &self.node,
            storage: &storage,
            vmid: other,
            format: Some(&volume.format),
            size: volume.size,
            suffix: None,
            content: volume.content.clone(),
        };
        let file = dc.allocate(&wanted, &mut Vec::new())?;
        dc.free(&self.node, &drive.file);
        let config = &mut dc.vm_mut(&self.node, self.vmid)?.config;
        config.current.remove(&self.disk);
        let mut order = config.get("boot").and_then(boot::order).unwrap_or_default();
        if order.contains(&self.disk) {
            order.retain(|device| *device != self.disk);
            config.set("boot", &boot::print(&order));
            log.push(format!(
                "removing disk '{}' from boot order config",
                self.disk
            ));
        }
        log.push(format!(
            "removing disk '{}' from VM '{}' config",
            self.disk, self.vmid
        ));
        let text = Drive {
            slot: slot.to_owned(),
            file,
            keys: drive.keys,
        }
        .print();
        log.push(format!("update VM {other}: -{slot} {text}"));
        dc.vm_mut(&self.node, other)?.config.set(slot, &text);
        Ok(())
    }
}
