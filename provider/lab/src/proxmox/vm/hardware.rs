//! A VM's hardware, as its guest finds it.

use serde_json::Value;

use super::Config;
use super::create::default_boot;
use crate::proxmox::codec::{Drive, Nic, boot, percent_decode, property_string};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::effect::{Cdrom, Disk, Link, PowerOn};
use crate::proxmox::storage::Content;

impl Datacenter {
    /// What the guest of a VM would find now.
    pub(crate) fn hardware(&self, vmid: u32) -> Option<PowerOn> {
        let vm = self.vms.get(&vmid)?;
        let config = &vm.config;
        let smbios = config.get("smbios1").unwrap_or_default();
        let keys = property_string::parse("pve-qm-smbios1", smbios).unwrap_or_default();
        let mut drives = config.drives();
        drives.retain(|drive| drive.volume().is_some() || drive.is_cdrom());
        let order = config.get("boot").and_then(boot::order);
        Some(PowerOn {
            vmid,
            name: name_of(vmid, config),
            node: vm.node.clone(),
            uuid: keys.get("uuid").cloned().unwrap_or_default(),
            cpus: cpus(config),
            memory_mib: memory(config),
            boot_order: order.unwrap_or_else(|| default_boot(config)),
            disks: drives
                .iter()
                .filter(|drive| !drive.is_cdrom() && !is_firmware(drive))
                .filter_map(|drive| self.disk(&vm.node, drive))
                .collect(),
            cdroms: drives
                .iter()
                .filter(|drive| drive.is_cdrom())
                .map(|drive| self.medium(&vm.node, drive))
                .collect(),
            links: links(config),
        })
    }

    fn disk(&self, node: &str, drive: &Drive) -> Option<Disk> {
        let volume = self.volume(node, &drive.file)?;
        let (written, image) = match &volume.content {
            Content::Blank => (Value::Null, None),
            Content::Image(blob, _) => (Value::Null, self.blobs.get(blob)),
            Content::Machine(state) => (state.clone(), None),
        };
        Some(Disk {
            slot: drive.slot.clone(),
            volume: drive.file.clone(),
            size: volume.size,
            serial: drive.get("serial").map(|text| percent_decode(text, false)),
            written,
            image,
        })
    }

    fn medium(&self, node: &str, drive: &Drive) -> Cdrom {
        let volid = drive.volume().map(str::to_owned);
        let volume = volid.as_ref().and_then(|volid| self.volume(node, volid));
        let image = match volume.map(|volume| &volume.content) {
            Some(Content::Image(blob, _)) => self.blobs.get(blob),
            _ => None,
        };
        Cdrom {
            slot: drive.slot.clone(),
            volume: volid,
            image,
        }
    }

    /// Whether anything is there to boot: a medium with an image, a disk that was written, or a
    /// kernel given in `args`.
    pub(super) fn boots(&self, vmid: u32) -> bool {
        let kernel = self
            .vms
            .get(&vmid)
            .and_then(|vm| vm.config.get("args"))
            .is_some_and(|args| args.contains("-kernel"));
        let hardware = self.hardware(vmid);
        kernel
            || hardware.is_some_and(|hardware| {
                let written = |disk: &Disk| !disk.written.is_null() || disk.image.is_some();
                let medium = |cdrom: &Cdrom| cdrom.image.is_some();
                hardware.disks.iter().any(written) || hardware.cdroms.iter().any(medium)
            })
    }

    /// A simulated machine wrote to a disk.
    pub(crate) fn write_disk(&mut self, vmid: u32, slot: &str, state: Value) -> bool {
        let found = self.vms.get(&vmid).and_then(|vm| {
            let drive = Drive::parse(slot, vm.config.get(slot)?)?;
            Some((vm.node.clone(), drive.file))
        });
        let running = self.vms.get_mut(&vmid).and_then(|vm| vm.running.as_mut());
        if let Some(running) = running.filter(|_| found.is_some()) {
            *running.written.entry(slot.to_owned()).or_default() += WRITE;
        }
        let volume = found.and_then(|(node, volid)| self.volume_mut(&node, &volid));
        match volume {
            Some(volume) => {
                volume.content = if state.is_null() {
                    Content::Blank
                } else {
                    Content::Machine(state)
                };
                true
            }
            None => false,
        }
    }
}

/// What one write of a simulated machine counts for, in bytes.
const WRITE: u64 = 4096;

fn is_firmware(drive: &Drive) -> bool {
    ["efidisk0", "tpmstate0"].contains(&drive.slot.as_str())
}

/// A VM without a name is shown as its number.
pub(super) fn name_of(vmid: u32, config: &Config) -> String {
    match config.get("name") {
        Some(name) => name.to_owned(),
        None => format!("VM {vmid}"),
    }
}

/// Virtual CPUs: `vcpus`, or sockets times cores.
pub(super) fn cpus(config: &Config) -> u32 {
    let number = |name: &str, other: u64| config.number(name).unwrap_or(other);
    let all = number("sockets", 1) * number("cores", 1);
    u32::try_from(number("vcpus", all)).unwrap_or(1)
}

/// Memory in MiB; 512 where nothing is set.
pub(super) fn memory(config: &Config) -> u64 {
    let text = config.get("memory").unwrap_or("512");
    text.trim_start_matches("current=").parse().unwrap_or(512)
}

fn links(config: &Config) -> Vec<Link> {
    let cards = (0..32).filter_map(|number| {
        let slot = format!("net{number}");
        let nic = Nic::parse(config.get(&slot)?)?;
        Some(Link {
            mac: nic.get("macaddr")?.to_owned(),
            bridge: nic.get("bridge").map(str::to_owned),
            vlan: nic.get("tag").and_then(|tag| tag.parse().ok()),
            up: nic.get("link_down") != Some("1"),
            slot,
        })
    });
    cards.collect()
}
