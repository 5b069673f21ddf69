//! Volumes: made, found, removed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::name::VolumeName;
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::codec::round_to_kib;
use crate::proxmox::datacenter::Datacenter;

/// A volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub(crate) format: String,
    /// Bytes, as a guest sees them.
    pub(crate) size: u64,
    pub(crate) content: Content,
    /// Seconds since 1970.
    pub(crate) ctime: i64,
    /// The base that a linked clone rests on.
    pub(crate) parent: Option<String>,
}

/// What is on a volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Content {
    Blank,
    /// An image, by its digest, with its length in bytes.
    Image(String, u64),
    /// What a simulated machine wrote.
    Machine(Value),
}

impl Volume {
    /// Bytes that were really written.
    pub(crate) fn written(&self) -> u64 {
        match &self.content {
            Content::Image(_, length) => *length,
            Content::Blank | Content::Machine(_) => 0,
        }
    }
}

/// What to make.
#[derive(Debug, Clone)]
pub(crate) struct Allocation<'a> {
    pub(crate) node: &'a str,
    pub(crate) storage: &'a str,
    pub(crate) vmid: u32,
    /// `raw` where none is given.
    pub(crate) format: Option<&'a str>,
    /// Bytes.
    pub(crate) size: u64,
    /// `cloudinit`, or nothing for the next free `disk-N`.
    pub(crate) suffix: Option<&'a str>,
    pub(crate) content: Content,
}

/// The largest file that the recorded host could make: 16 TiB less a page (ext4).
const LARGEST_FILE: u64 = (16 << 40) - 4096;

impl Datacenter {
    /// Makes a volume and gives its id.
    ///
    /// # Errors
    /// No such storage, no room, or larger than a file may be.
    pub(crate) fn allocate(
        &mut self,
        wanted: &Allocation<'_>,
        log: &mut Vec<String>,
    ) -> Reply<String> {
        let storage = self.storage_on(wanted.storage, wanted.node)?.clone();
        let place = self.place(wanted.storage, wanted.node);
        let format = wanted.format.unwrap_or("raw");
        let vmid = wanted.vmid;
        let suffix = match wanted.suffix {
            Some(suffix) => suffix.to_owned(),
            None => self.free_disk(&place, vmid),
        };
        let name = match storage.has_files() {
            true => format!("{vmid}/vm-{vmid}-{suffix}.{format}"),
            false => format!("vm-{vmid}-{suffix}"),
        };
        let size = round_to_kib_or_die(wanted.size)?;
        if storage.has_files() {
            let path = format!("{}/images/{name}", storage.path);
            log.push(format!(
                "Formatting '{path}', fmt={format} size={size}{}",
                format_options(format)
            ));
            check_file_size(&path, format, size)?;
        }
        let thick = if storage.kind == "lvm" { size } else { 0 };
        let image = match &wanted.content {
            Content::Image(_, length) => *length,
            Content::Blank | Content::Machine(_) => 0,
        };
        self.check_room(wanted.storage, wanted.node, thick.max(image))?;
        let volume = Volume {
            format: if storage.has_files() { format } else { "raw" }.to_owned(),
            size,
            content: wanted.content.clone(),
            ctime: self.seconds(),
            parent: None,
        };
        self.places
            .entry(place)
            .or_default()
            .insert(name.clone(), volume);
        Ok(format!("{}:{name}", wanted.storage))
    }

    /// The lowest number that no volume of the VM has on a storage.
    fn free_disk(&self, place: &str, vmid: u32) -> String {
        let volumes = self.places.get(place);
        let taken = |suffix: &str| {
            let wanted = [
                format!("vm-{vmid}-{suffix}"),
                format!("base-{vmid}-{suffix}"),
            ];
            volumes.into_iter().flatten().any(|(name, _)| {
                let file = name.rsplit('/').next().unwrap_or(name);
                let stem = file.split('.').next().unwrap_or(file);
                wanted.iter().any(|wanted| wanted == stem)
            })
        };
        let names = (0..).map(|number| format!("disk-{number}"));
        names
            .into_iter()
            .find(|suffix| !taken(suffix))
            .unwrap_or_default()
    }

    /// A volume by its id, as a host sees it.
    pub(crate) fn volume(&self, node: &str, volid: &str) -> Option<&Volume> {
        let (storage, name) = volid.split_once(':')?;
        self.places.get(&self.place(storage, node))?.get(name)
    }

    pub(crate) fn volume_mut(&mut self, node: &str, volid: &str) -> Option<&mut Volume> {
        let (storage, name) = volid.split_once(':')?;
        let place = self.place(storage, node);
        self.places.get_mut(&place)?.get_mut(name)
    }

    /// A volume that must be there.
    ///
    /// # Errors
    /// 500: no such storage, a name that is none, or no such volume.
    pub(crate) fn existing(&self, node: &str, volid: &str) -> Reply<&Volume> {
        let (storage, name) = volid.split_once(':').unwrap_or((volid, ""));
        VolumeName::parse(self.storage_on(storage, node)?, name)?;
        let missing = || Refusal::die(format!("volume '{volid}' does not exist"));
        self.volume(node, volid).ok_or_else(missing)
    }

    /// Removes a volume; one that is not there is fine.
    pub(crate) fn free(&mut self, node: &str, volid: &str) -> Option<Volume> {
        let (storage, name) = volid.split_once(':')?;
        let place = self.place(storage, node);
        self.places.get_mut(&place)?.remove(name)
    }

    /// Whether a linked clone rests on a volume.
    pub(crate) fn is_base_in_use(&self, node: &str, volid: &str) -> bool {
        let Some((storage, name)) = volid.split_once(':') else {
            return false;
        };
        let volumes = self.places.get(&self.place(storage, node));
        volumes
            .into_iter()
            .flatten()
            .any(|(_, volume)| volume.parent.as_deref() == Some(name))
    }

    /// The VM whose name a volume carries.
    pub(crate) fn owner(&self, volid: &str) -> Option<u32> {
        let (storage, name) = volid.split_once(':')?;
        let storage = self.storages.get(storage)?;
        VolumeName::parse(storage, name).ok()?.owner
    }
}

fn round_to_kib_or_die(size: u64) -> Reply<u64> {
    if size > u64::try_from(i64::MAX).unwrap_or(u64::MAX) {
        return Err(Refusal::die(
            "unable to create image: qemu-img: Invalid image size specified. Must be between 0 and 9223372036854775807.",
        ));
    }
    Ok(round_to_kib(size))
}

fn check_file_size(path: &str, format: &str, size: u64) -> Reply<()> {
    if size <= LARGEST_FILE {
        return Ok(());
    }
    Err(Refusal::die(format!(
        "unable to create image: qemu-img: {path}: The image size is too large for file format '{format}'"
    )))
}

fn format_options(format: &str) -> &'static str {
    match format {
        "raw" => " preallocation=off",
        _ => "",
    }
}
