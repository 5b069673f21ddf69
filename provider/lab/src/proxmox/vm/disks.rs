//! Making disks, and what happens to those that leave their slot.

use super::config::{Config, Options};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::codec::Drive;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::storage::{Allocation, Content};

/// EFI variables and TPM state have sizes of their own, in bytes.
const EFI_SIZE: u64 = 540_672;
const TPM_SIZE: u64 = 4 << 20;
const CLOUD_INIT_SIZE: u64 = 4 << 20;

impl Datacenter {
    /// Makes the volumes that drives ask for, looks up those that exist, and gives each drive's
    /// final text. On failure what was made before is removed again.
    pub(super) fn create_disks(
        &mut self,
        node: &str,
        vmid: u32,
        options: &Options,
        log: &mut Vec<String>,
    ) -> Reply<Options> {
        let mut made = Vec::new();
        let mut ready = Options::new();
        for (slot, value) in options {
            let Some(drive) = Drive::parse(slot, value) else {
                continue;
            };
            match self.create_disk(node, vmid, drive, &mut made, log) {
                Ok(text) => drop(ready.insert(slot.clone(), text)),
                Err(refusal) => {
                    for volid in made {
                        self.free(node, &volid);
                    }
                    return Err(refusal);
                }
            }
        }
        Ok(ready)
    }

    fn create_disk(
        &mut self,
        node: &str,
        vmid: u32,
        mut drive: Drive,
        made: &mut Vec<String>,
        log: &mut Vec<String>,
    ) -> Reply<String> {
        let slot = drive.slot.clone();
        if drive.is_empty() {
            drive.keys.remove("size");
            drive.keys.insert("media".into(), "cdrom".into());
            return Ok(drive.print());
        }
        if drive.file.starts_with('/') {
            return Ok(drive.print());
        }
        if drive.file.ends_with(":cloudinit") {
            let storage = drive.file.split(':').next().unwrap_or_default().to_owned();
            drive.file = self.cloud_init_volume(node, vmid, &storage, drive.get("format"), log)?;
            made.push(drive.file.clone());
            drive.keys.remove("format");
            drive.keys.remove("size");
            drive.keys.insert("media".into(), "cdrom".into());
        } else if let Some(new) = drive.new_volume() {
            let size = self.fill(node, vmid, &mut drive, &new, log)?;
            made.push(drive.file.clone());
            drive.set_size(size);
        } else {
            let size = self.existing(node, &drive.file)?.size;
            drive.set_size(size);
            return Ok(drive.print());
        }
        let text = drive.print();
        log.push(format!("{slot}: successfully created disk '{text}'"));
        Ok(text)
    }

    /// A cloud-init volume: qcow2 on storages with files.
    pub(super) fn cloud_init_volume(
        &mut self,
        node: &str,
        vmid: u32,
        storage: &str,
        format: Option<&str>,
        log: &mut Vec<String>,
    ) -> Reply<String> {
        let files = self.storage(storage)?.has_files();
        let wanted = Allocation {
            node,
            storage,
            vmid,
            format: Some(format.unwrap_or(if files { "qcow2" } else { "raw" })),
            size: CLOUD_INIT_SIZE,
            suffix: Some("cloudinit"),
            content: Content::Blank,
        };
        self.allocate(&wanted, log)
    }

    /// Makes a new disk, blank or imported; gives its size in bytes.
    fn fill(
        &mut self,
        node: &str,
        vmid: u32,
        drive: &mut Drive,
        new: &crate::proxmox::codec::NewVolume,
        log: &mut Vec<String>,
    ) -> Reply<u64> {
        let source = drive.keys.remove("import-from");
        let (size, content) = match &source {
            Some(source) => self.import(node, &drive.slot, source, log)?,
            None => (new.size, Content::Blank),
        };
        let size = match drive.slot.as_str() {
            "efidisk0" if source.is_none() => EFI_SIZE,
            "tpmstate0" if source.is_none() => TPM_SIZE,
            _ => size,
        };
        let format = drive.keys.remove("format");
        let wanted = Allocation {
            node,
            storage: &new.storage,
            vmid,
            format: format.as_deref(),
            size,
            suffix: None,
            content,
        };
        drive.file = self.allocate(&wanted, log)?;
        if source.is_some() {
            log.push(format!("allocated target volume '{}'", drive.file));
        }
        Ok(self
            .volume(node, &drive.file)
            .map_or(size, |volume| volume.size))
    }

    /// Size and content of what a disk is made from.
    fn import(
        &self,
        node: &str,
        slot: &str,
        source: &str,
        log: &mut Vec<String>,
    ) -> Reply<(u64, Content)> {
        let Some(volume) = self.volume(node, source) else {
            let path = self.path_of(source);
            let stat = format!("failed to stat '{path}'");
            if self.owner(source).is_none() {
                return Err(Refusal::die(stat));
            }
            log.push(stat);
            let text = format!("cannot import from '{source}' - could not get size of {source}");
            return Err(Refusal::die(text));
        };
        let firmware = self.is_firmware(source);
        if firmware != (slot == "efidisk0") {
            let text = format!(
                "cannot import from '{source}' - cloning from/to EFI disk requires EFI disk"
            );
            return Err(Refusal::die(text));
        }
        let of_vm = self
            .owner(source)
            .map(|_| format!("{slot} "))
            .unwrap_or_default();
        log.push(format!("create full clone of drive {of_vm}({source})"));
        Ok((volume.size, volume.content.clone()))
    }

    /// Whether a volume is some VM's EFI disk.
    fn is_firmware(&self, volid: &str) -> bool {
        let owner = self.owner(volid).and_then(|owner| self.vms.get(&owner));
        let value = owner.and_then(|vm| vm.config.get("efidisk0"));
        let drive = value.and_then(|value| Drive::parse("efidisk0", value));
        drive.is_some_and(|drive| drive.file == volid)
    }

    /// What becomes of a disk that leaves its slot: cloud-init volumes go, disks of the VM stay
    /// as `unusedN`, media and other VMs' disks are only let go.
    pub(super) fn release(&mut self, node: &str, vmid: u32, config: &mut Config, drive: &Drive) {
        if drive.is_cloud_init() {
            self.free(node, &drive.file);
            return;
        }
        let owned = self.owner(&drive.file) == Some(vmid);
        if !drive.is_cdrom() && owned {
            config.add_unused(&drive.file);
        }
    }

    /// Removes a disk's volume, where it belongs to the VM.
    pub(super) fn discard(&mut self, node: &str, vmid: u32, volid: &str) {
        if self.owner(volid) == Some(vmid) {
            self.free(node, volid);
        }
    }
}
