//! Hardware as Talos sees it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::disk::Installed;
use crate::proxmox::PowerOn;
use crate::talos::seed::Seed;

/// How the world knows a machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A VM by its number.
    Vm(u32),
    /// A machine without a hypervisor, by its name.
    Metal(String),
}

/// What a machine is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hardware {
    /// Name in the world.
    pub name: String,
    /// SMBIOS UUID, in lower case.
    pub uuid: String,
    pub cpus: u32,
    pub memory_mib: u64,
    /// Devices in boot order, by slot.
    pub boot_order: Vec<String>,
    pub disks: Vec<Disk>,
    pub links: Vec<Link>,
    /// The medium that Talos boots from, where there is one.
    pub medium: Option<Medium>,
    /// The seed, where there is one.
    pub seed: Option<Seed>,
}

/// A disk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Disk {
    /// `scsi0`; of metal the device's name.
    pub slot: String,
    /// `sda`.
    pub device: String,
    pub size: u64,
    pub serial: Option<String>,
    /// Whether it holds an image of Talos that nobody wrote to yet.
    pub image: Option<Medium>,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// `ens18`.
    pub name: String,
    /// In lower case.
    pub mac: String,
    pub up: bool,
    /// Addresses that the lab gives it without being asked, with lengths; of metal.
    pub given: Vec<String>,
}

/// An image of Talos, as far as its name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Medium {
    /// `ide2`.
    pub slot: String,
    /// With leading `v`.
    pub version: Option<String>,
    /// Image Factory schematic.
    pub schematic: Option<String>,
}

/// What machines have on their disks, by slot.
pub(crate) type Disks = BTreeMap<String, Option<Installed>>;

impl Hardware {
    /// A VM's hardware and what is on its disks.
    pub(crate) fn of_vm(vm: &PowerOn) -> (Self, Disks) {
        let seed = vm.cdroms.iter().find_map(Seed::in_drive);
        let mut drives = vm.cdroms.iter().filter(|drive| drive.image.is_some());
        let medium = drives.find(|drive| Seed::in_drive(drive).is_none());
        let medium = medium.map(|drive| {
            let volume = drive.volume.as_deref().unwrap_or_default();
            Medium::read(
                &drive.slot,
                volume,
                drive.image.as_deref().unwrap_or_default(),
            )
        });
        let mut letters = [0_u8; 2];
        let disks = vm.disks.iter().map(|disk| Disk {
            device: device(&disk.slot, &mut letters),
            slot: disk.slot.clone(),
            size: disk.size,
            serial: disk.serial.clone(),
            image: disk
                .image
                .as_deref()
                .map(|image| Medium::read(&disk.slot, &disk.volume, image)),
        });
        let written = vm.disks.iter();
        let written = written.map(|disk| (disk.slot.clone(), Installed::read(&disk.written)));
        let hardware = Self {
            name: vm.name.clone(),
            uuid: vm.uuid.to_lowercase(),
            cpus: vm.cpus,
            memory_mib: vm.memory_mib,
            boot_order: vm.boot_order.clone(),
            disks: disks.collect(),
            links: vm.links.iter().map(card).collect(),
            medium,
            seed,
        };
        (hardware, written.collect())
    }
}

/// Linux names SCSI, SATA and IDE disks `sd…` and virtio disks `vd…`, in order.
fn device(slot: &str, letters: &mut [u8; 2]) -> String {
    let virtio = usize::from(slot.starts_with("virtio"));
    let letter = char::from(b'a' + letters[virtio].min(25));
    letters[virtio] += 1;
    format!("{}{letter}", ["sd", "vd"][virtio])
}

/// Slot `net0` is at PCI address 18 (qemu-server), from which udev makes `ens18`.
fn card(link: &crate::proxmox::Link) -> Link {
    let number: u32 = link.slot.trim_start_matches("net").parse().unwrap_or(0);
    Link {
        name: format!("ens{}", 18 + number),
        mac: link.mac.to_lowercase(),
        up: link.up,
        given: Vec::new(),
    }
}

/// How the lab's image factory labels its images; a line of words follows, some with values.
const LABEL: &[u8] = b"talos-lab image ";
/// The label stands near the beginning.
const LABELLED: usize = 64 << 10;

impl Medium {
    /// What an image is by its label, or else by its name.
    fn read(slot: &str, volume: &str, image: &[u8]) -> Self {
        let begin = image.get(..image.len().min(LABELLED)).unwrap_or_default();
        let mut medium = Self::named(slot, volume);
        let Some(at) = memchr::memmem::find(begin, LABEL) else {
            return medium;
        };
        let line = begin.get(at + LABEL.len()..).unwrap_or_default();
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let value = |key: &str| {
            let mut words = line.split(' ').filter_map(|word| word.split_once('='));
            words
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value.to_owned())
        };
        medium.version = value("version").or(medium.version);
        medium.schematic = value("schematic").or(medium.schematic);
        medium
    }

    fn named(slot: &str, volume: &str) -> Self {
        let words = || volume.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
        let version = words().find_map(|word| {
            let number = word.strip_prefix('v')?;
            let number = number.split(".iso").next()?.split(".raw").next()?;
            let parts = number.split('.').filter(|part| part.parse::<u32>().is_ok());
            (parts.count() == 3).then(|| format!("v{number}"))
        });
        let is_schematic =
            |word: &&str| word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit());
        Self {
            slot: slot.to_owned(),
            version,
            schematic: words().find(is_schematic).map(str::to_owned),
        }
    }
}

/// A machine of a scenario (`world.machines`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metal {
    pub name: String,
    #[serde(default)]
    uuid: Option<String>,
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default)]
    disks: Vec<MetalDisk>,
    #[serde(default)]
    links: Vec<String>,
    /// `maintenance` or `off`.
    #[serde(default = "maintenance")]
    pub stage: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetalDisk {
    device: String,
    size_gib: u64,
}

fn maintenance() -> String {
    "maintenance".to_owned()
}

impl Metal {
    /// Reads a machine of a scenario.
    ///
    /// # Errors
    /// A key is unknown or missing, or the stage is none to begin with.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let metal: Self = serde_json::from_value(value.clone())
            .map_err(|error| format!("world.machines: {error}"))?;
        match metal.stage.as_str() {
            "maintenance" | "off" => Ok(metal),
            other => Err(format!(
                "world.machines: {} cannot begin in stage {other}: write maintenance or off",
                metal.name
            )),
        }
    }

    /// Its hardware. All its addresses are on its first link.
    pub(crate) fn hardware(&self, index: usize) -> Hardware {
        let names = match self.links.is_empty() {
            true => vec!["eth0".to_owned()],
            false => self.links.clone(),
        };
        let link = |(number, name): (usize, String)| Link {
            mac: format!("02:00:00:00:{index:02x}:{number:02x}"),
            up: true,
            given: if number == 0 {
                self.addresses.clone()
            } else {
                Vec::new()
            },
            name,
        };
        let disk = |disk: &MetalDisk| {
            let device = disk.device.trim_start_matches("/dev/").to_owned();
            Disk {
                slot: device.clone(),
                device,
                size: disk.size_gib << 30,
                serial: None,
                image: None,
            }
        };
        let disks: Vec<Disk> = self.disks.iter().map(disk).collect();
        let uuid = format!("00000000-0000-4000-8000-{index:012x}");
        Hardware {
            name: self.name.clone(),
            uuid: self.uuid.clone().unwrap_or(uuid).to_lowercase(),
            cpus: 4,
            memory_mib: 8192,
            boot_order: disks.iter().map(|disk| disk.slot.clone()).collect(),
            disks,
            links: names.into_iter().enumerate().map(link).collect(),
            medium: Some(Medium::named("usb0", "")),
            seed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_image_tells_what_it_is_by_its_name() {
        let schematic = "ab".repeat(32);
        let medium = Medium::named(
            "ide0",
            &format!("resources:iso/talos-v1.12.6-{schematic}-nocloud-amd64.iso"),
        );
        assert_eq!(medium.version.as_deref(), Some("v1.12.6"));
        assert_eq!(medium.schematic, Some(schematic));
        let end = Medium::named("ide0", "local:iso/talos-v1.11.2.iso");
        assert_eq!(end.version.as_deref(), Some("v1.11.2"));
        assert_eq!(Medium::named("ide0", "local:iso/metal.iso").version, None);
    }

    #[test]
    fn a_label_counts_more_than_a_name() {
        let image = b"\0\0talos-lab image schematic=abc version=v1.12.7 platform=nocloud\nrest";
        let medium = Medium::read("ide0", "local:iso/talos-v1.12.6.iso", image);
        assert_eq!(medium.version.as_deref(), Some("v1.12.7"));
        assert_eq!(medium.schematic.as_deref(), Some("abc"));
    }

    #[test]
    fn metal_is_read() {
        let value = json!({ "name": "talos01", "addresses": ["10.101.0.4"], "disks": [{ "device": "/dev/sda", "size_gib": 64 }], "links": ["enp1s0"], "stage": "maintenance" });
        let hardware = Metal::read(&value).unwrap().hardware(1);
        assert_eq!(hardware.links[0].name, "enp1s0");
        assert_eq!(hardware.disks[0].device, "sda");
        assert_eq!(hardware.disks[0].size, 64 << 30);
        assert!(Metal::read(&json!({ "name": "x", "disk": 1 })).is_err());
        assert!(Metal::read(&json!({ "name": "x", "stage": "running" })).is_err());
    }

    #[test]
    fn disks_are_named_as_linux_names_them() {
        let mut letters = [0; 2];
        let names = ["scsi0", "scsi1", "virtio0", "sata0"].map(|slot| device(slot, &mut letters));
        assert_eq!(names, ["sda", "sdb", "vda", "sdc"]);
    }
}
