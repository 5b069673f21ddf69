//! Property strings: `key=value,key=value`, of which one key may be left out. Pure.
//!
//! Proxmox VE keeps most values as a client wrote them, so the same setting has many spellings: compare parsed values, never texts.
//! Facts: the published parameter schemas, and what the parsers and printers of version 9.2 were seen to do.

mod boot;
mod check;
mod drive;
mod format;
mod formats;
mod size;
mod smbios;
mod tags;

pub use boot::{BootOrder, is_bootable};
pub use drive::Volume;
pub use format::{Format, Malformed, Properties};
pub use formats::format_of;
pub use size::{Size, gib};
pub use smbios::Smbios;
pub use tags::Tags;

/// Slots of a device family: the name before the number, and how many there are.
const SLOTS: &[(&str, u32)] = &[
    ("ide", 4),
    ("sata", 6),
    ("scsi", 31),
    ("virtio", 16),
    ("net", 32),
    ("ipconfig", 32),
    ("hostpci", 16),
    ("usb", 14),
    ("serial", 4),
    ("unused", 256),
    ("efidisk", 1),
    ("tpmstate", 1),
];

/// Family and number of a slot such as `scsi0`; `None` for what is no slot.
pub fn slot(key: &str) -> Option<(&'static str, u32)> {
    let digits = key.find(|c: char| c.is_ascii_digit())?;
    let (family, number) = key.split_at(digits);
    let canonical = number == "0" || !number.starts_with('0');
    let number: u32 = number.parse().ok().filter(|_| canonical)?;
    let known = SLOTS
        .iter()
        .find(|(name, count)| *name == family && number < *count);
    known.map(|(name, _)| (*name, number))
}

/// Whether a key is a drive that the guest sees: a disk or a CD-ROM.
pub fn is_drive(key: &str) -> bool {
    matches!(slot(key), Some(("ide" | "sata" | "scsi" | "virtio", _)))
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
