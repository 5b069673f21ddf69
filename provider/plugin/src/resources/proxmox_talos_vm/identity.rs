//! What tells a machine of ours from others, and the names that follow from it. Pure: randomness is passed in.

use proxmox_client::codec::Smbios;
use sha2::{Digest, Sha256};

/// First half of hardware addresses: the vendor prefix of Proxmox.
const PREFIX: &str = "BC:24:11";
/// Before the digest in the SMBIOS family.
const MARK: &str = "talos-stack:";

fn digest(parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().to_vec()
}

/// The mark that a machine carries from its first moment, in the SMBIOS family.
pub fn mark(cluster: &str, name: &str, vmid: u32) -> String {
    let digest = digest(&["mark", cluster, name, &vmid.to_string()]);
    let hex: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{MARK}{hex}")
}

/// Whether a machine carries this mark.
pub fn is_marked(smbios: Option<&str>, mark: &str) -> bool {
    let read = smbios.and_then(|text| Smbios::parse(text).ok());
    read.is_some_and(|smbios| {
        smbios
            .texts
            .get("family")
            .is_some_and(|family| family == mark)
    })
}

/// UUID of a machine, in lower case.
pub fn uuid_of(smbios: Option<&str>) -> Option<String> {
    Smbios::parse(smbios?).ok()?.uuid
}

/// The hardware address of an interface that sets none: the same whenever it is asked for.
pub fn mac(cluster: &str, name: &str, slot: &str) -> String {
    let digest = digest(&["mac", cluster, name, slot]);
    format!(
        "{PREFIX}:{:02X}:{:02X}:{:02X}",
        digest[0], digest[1], digest[2]
    )
}

/// A random UUID, version 4, from sixteen random bytes.
pub fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

/// Name of the image of a seed: it changes with the content and tells whose it is.
pub fn seed_name(name: &str, sha256: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(safe).collect();
    format!("talos-seed-{name}-{}.iso", &sha256[..sha256.len().min(12)])
}
