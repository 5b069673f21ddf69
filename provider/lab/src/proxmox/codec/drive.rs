//! Drives: `scsi0: local:100/vm-100-disk-0.raw,size=32G,ssd=1`.

use super::property_string::{self, Keys};
use super::size::{bytes_of, print_bytes, scaled};
use crate::proxmox::schema::split_index;

/// A drive option taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drive {
    pub(crate) slot: String,
    /// All keys but `file`.
    pub(crate) keys: Keys,
    pub(crate) file: String,
}

/// What a drive's `file` asks to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewVolume {
    pub(crate) storage: String,
    /// Bytes.
    pub(crate) size: u64,
    /// The number as it was written, in GiB.
    pub(crate) text: String,
}

impl Drive {
    /// Whether an option's name is a drive's.
    pub(crate) fn is_slot(name: &str) -> bool {
        format_of(name).is_some()
    }

    /// Reads a drive; none where the text is no drive.
    pub(crate) fn parse(slot: &str, text: &str) -> Option<Self> {
        let mut keys = property_string::parse(format_of(slot)?, text).ok()?;
        let file = keys.remove("file")?;
        keys.remove("interface");
        Some(Self {
            slot: slot.to_owned(),
            keys,
            file,
        })
    }

    /// Volume first, then keys by name; the size in its largest unit. Throughput in bytes
    /// becomes `mbps=0.000`: that is what PVE 9.2 was recorded to write.
    pub(crate) fn print(&self) -> String {
        let mut keys = Keys::new();
        for (key, value) in &self.keys {
            match key.strip_prefix("bps") {
                Some(rest) => keys.insert(format!("mbps{rest}"), "0.000".to_owned()),
                None if key == "size" => {
                    let bytes = bytes_of(value).unwrap_or_default();
                    keys.insert(key.clone(), print_bytes(bytes))
                }
                None => keys.insert(key.clone(), value.clone()),
            };
        }
        let rest: String = keys
            .iter()
            .map(|(key, value)| format!(",{key}={value}"))
            .collect();
        format!("{}{rest}", self.file)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    pub(crate) fn size(&self) -> u64 {
        self.get("size").and_then(bytes_of).unwrap_or_default()
    }

    pub(crate) fn set_size(&mut self, bytes: u64) {
        self.keys.insert("size".to_owned(), bytes.to_string());
    }

    /// A CD-ROM, a cloud-init drive included.
    pub(crate) fn is_cdrom(&self) -> bool {
        self.get("media") == Some("cdrom")
    }

    /// No volume behind it: an empty or the host's own drive.
    pub(crate) fn is_empty(&self) -> bool {
        ["none", "cdrom"].contains(&self.file.as_str())
    }

    /// A cloud-init volume, made or to be made.
    pub(crate) fn is_cloud_init(&self) -> bool {
        let name = self.file.split_once(':').map_or("", |(_, name)| name);
        name == "cloudinit" || name.contains("-cloudinit")
    }

    /// The volume, where there is one.
    pub(crate) fn volume(&self) -> Option<&str> {
        let named = !self.is_empty() && !self.file.starts_with('/');
        named.then_some(self.file.as_str())
    }

    /// `storage:SIZE` with SIZE in GiB.
    pub(crate) fn new_volume(&self) -> Option<NewVolume> {
        let (storage, number) = self.file.split_once(':')?;
        let size = number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
            .then(|| scaled(number, 1 << 30))?;
        Some(NewVolume {
            storage: storage.to_owned(),
            size: size.unwrap_or(u64::MAX),
            text: number.to_owned(),
        })
    }
}

/// The format that a drive's option has.
fn format_of(slot: &str) -> Option<&'static str> {
    match slot {
        "efidisk0" => Some("efidisk"),
        "tpmstate0" => Some("tpmstate"),
        _ => {
            let (base, _) = split_index(slot)?;
            ["ide", "sata", "scsi", "virtio"]
                .into_iter()
                .find(|bus| *bus == base)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(slot: &str, text: &str) -> String {
        Drive::parse(slot, text).unwrap().print()
    }

    #[test]
    fn drives_are_printed_volume_first() {
        let wanted = "rbd:vm-101-disk-1,cache=none,size=80G";
        assert_eq!(
            printed("scsi0", "cache=none,size=81920M,rbd:vm-101-disk-1"),
            wanted
        );
        assert_eq!(printed("scsi0", "volume=local:x,ssd=yes"), "local:x,ssd=1");
        assert_eq!(Drive::parse("virtio0", "local:x,ssd=1"), None);
    }

    #[test]
    fn what_is_to_be_made_is_recognised() {
        let drive = |text| Drive::parse("scsi0", text).unwrap();
        assert_eq!(drive("local:0.5").new_volume().unwrap().size, 1 << 29);
        assert_eq!(drive("local:100/vm-100-disk-0.raw").new_volume(), None);
        assert_eq!(drive("none,media=cdrom").new_volume(), None);
        assert!(drive("local:cloudinit").is_cloud_init());
        assert_eq!(drive("none").volume(), None);
    }
}
