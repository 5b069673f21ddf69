//! Growing a disk.

use serde::{Deserialize, Serialize};

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Drive, bytes_of};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::effect::Effect;
use crate::proxmox::task::Job;

/// A resize's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Resize {
    pub(crate) vmid: u32,
    node: String,
    disk: String,
    size: String,
    digest: Option<String>,
    skiplock: bool,
}

/// The largest file of the recorded host (ext4).
const LARGEST: u64 = 16 << 40;

/// Starts a worker; every problem is the task's.
pub(crate) fn resize(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    call.check_skiplock()?;
    let job = Job::Resize(Resize {
        vmid,
        node: call.node().to_owned(),
        disk: call.text("disk").to_owned(),
        size: call.text("size").to_owned(),
        digest: call.args.get("digest").map(str::to_owned),
        skiplock: call.args.flag("skiplock"),
    });
    Ok(call.fork("resize", &vmid.to_string(), job))
}

impl Resize {
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        let config = &dc.vm(&self.node, self.vmid)?.config;
        config.check_digest(self.digest.as_deref())?;
        if !self.skiplock {
            config.check_lock()?;
        }
        Ok(500)
    }

    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let disk = &self.disk;
        let vm = dc.vm(&self.node, self.vmid)?;
        let running = vm.running.is_some();
        let missing = || Refusal::die(format!("disk '{disk}' does not exist"));
        let value = vm.config.get(disk).ok_or_else(missing)?;
        let mut drive = Drive::parse(disk, value).ok_or_else(missing)?;
        if drive.is_cdrom() {
            return Err(Refusal::die("you can't resize a cdrom"));
        }
        let volume = dc.existing(&self.node, &drive.file)?;
        let (before, format) = (volume.size, volume.format.clone());
        let number = bytes_of(self.size.trim_start_matches('+')).unwrap_or_default();
        let wanted = match self.size.starts_with('+') {
            true => before.saturating_add(number),
            false => number,
        };
        if wanted < before {
            return Err(Refusal::die("shrinking disks is not supported"));
        }
        if wanted == before {
            return Ok(());
        }
        let storage = drive.file.split(':').next().unwrap_or_default().to_owned();
        self.check_size(dc, &storage, &drive, &format, wanted, log)?;
        let thick = dc.storage(&storage)?.kind == "lvm";
        dc.check_room(
            &storage,
            &self.node,
            if thick { wanted - before } else { 0 },
        )?;
        if let Some(volume) = dc.volume_mut(&self.node, &drive.file) {
            volume.size = wanted;
        }
        drive.set_size(wanted);
        dc.vm_mut(&self.node, self.vmid)?
            .config
            .set(disk, &drive.print());
        if running {
            let hardware = dc.hardware(self.vmid);
            dc.effects.extend(hardware.map(Effect::Changed));
        } else {
            log.push("Image resized.".to_owned());
        }
        Ok(())
    }

    fn check_size(
        &self,
        dc: &Datacenter,
        storage: &str,
        drive: &Drive,
        format: &str,
        wanted: u64,
        log: &mut Vec<String>,
    ) -> Reply<()> {
        if !dc.storage(storage)?.has_files() || wanted <= LARGEST {
            return Ok(());
        }
        log.push("qemu-img: Could not resize file: File too large".to_owned());
        let path = dc.path_of(&drive.file);
        let wanted = crate::proxmox::codec::round_to_kib(wanted);
        Err(Refusal::die(format!(
            "command '/usr/bin/qemu-img resize '--preallocation=off' -f {format} {path} {wanted}' failed: exit code 1"
        )))
    }
}
