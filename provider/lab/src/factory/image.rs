//! Images: names as the factory has them, and small contents that are always the same.

use sha2::{Digest as _, Sha256};

/// An image that is asked for: `nocloud-amd64-secureboot.raw.xz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    platform: String,
    architecture: String,
    secure: bool,
    format: String,
}

const PLATFORMS: [&str; 18] = [
    "akamai",
    "aws",
    "azure",
    "cloudstack",
    "digital-ocean",
    "equinixMetal",
    "exoscale",
    "gcp",
    "hcloud",
    "metal",
    "nocloud",
    "opennebula",
    "openstack",
    "oracle",
    "scaleway",
    "upcloud",
    "vmware",
    "vultr",
];
const FORMATS: [&str; 9] = [
    "iso", "ova", "qcow2", "raw", "raw.gz", "raw.xz", "raw.zst", "vhd", "vhd.gz",
];

/// What qcow2 images say of their size: 1.2 GiB, as the factory's.
const VIRTUAL_SIZE: u64 = 1_306_525_696;
/// How large the contents are.
const SIZE: usize = 64 << 10;

impl Image {
    /// Reads a name; none where the factory has no such image.
    pub(super) fn read(name: &str) -> Option<Self> {
        let (stem, format) = name.split_once('.')?;
        let (stem, secure) = match stem.strip_suffix("-secureboot") {
            Some(stem) => (stem, true),
            None => (stem, false),
        };
        let (platform, architecture) = stem.rsplit_once('-')?;
        let known = PLATFORMS.contains(&platform)
            && ["amd64", "arm64"].contains(&architecture)
            && FORMATS.contains(&format);
        known.then(|| Self {
            platform: platform.to_owned(),
            architecture: architecture.to_owned(),
            secure,
            format: format.to_owned(),
        })
    }

    /// The content: it names what it stands for in its first line, so that a machine that boots it
    /// knows what it is; the rest follows from that line.
    pub(super) fn bytes(&self, schematic: &str, version: &str) -> Vec<u8> {
        let line = format!(
            "talos-lab image schematic={schematic} version={version} platform={} arch={} secureboot={} format={}\n",
            self.platform, self.architecture, self.secure, self.format
        );
        let mut bytes = head(&self.format);
        bytes.extend_from_slice(line.as_bytes());
        let mut block = Sha256::digest(&line);
        while bytes.len() < SIZE {
            bytes.extend_from_slice(&block);
            block = Sha256::digest(block);
        }
        bytes.truncate(SIZE);
        bytes
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self.format.as_str() {
            "iso" => "application/x-iso9660-image",
            "raw.gz" | "vhd.gz" => "application/gzip",
            "raw.xz" => "application/x-xz",
            "raw.zst" => "application/zstd",
            _ => "application/octet-stream",
        }
    }
}

/// What other programs look at to tell formats apart.
fn head(format: &str) -> Vec<u8> {
    match format {
        // Magic, version 3, no backing file, clusters of 64 KiB, size (QEMU documentation).
        "qcow2" => {
            let mut head = b"QFI\xfb".to_vec();
            head.extend_from_slice(&3_u32.to_be_bytes());
            head.extend_from_slice(&[0; 12]);
            head.extend_from_slice(&16_u32.to_be_bytes());
            head.extend_from_slice(&VIRTUAL_SIZE.to_be_bytes());
            head.extend_from_slice(&[0; 72]);
            head
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let image = Image::read("nocloud-amd64-secureboot.raw.xz").unwrap();
        assert!(image.secure && image.format == "raw.xz" && image.platform == "nocloud");
        assert_eq!(
            Image::read("digital-ocean-arm64.raw.gz").unwrap().platform,
            "digital-ocean"
        );
        for wrong in [
            "nocloud-amd64.exe",
            "cloud-amd64.iso",
            "nocloud-amd65.iso",
            "nocloud",
        ] {
            assert_eq!(Image::read(wrong), None);
        }
    }

    #[test]
    fn a_content_is_always_the_same_and_tells_what_it_is() {
        let image = Image::read("nocloud-amd64.qcow2").unwrap();
        let bytes = image.bytes("00", "v1.12.6");
        assert_eq!(bytes, image.bytes("00", "v1.12.6"));
        assert_ne!(bytes, image.bytes("01", "v1.12.6"));
        assert!(bytes.starts_with(b"QFI\xfb\0\0\0\x03"));
        assert_eq!(bytes[24..32], VIRTUAL_SIZE.to_be_bytes());
        assert_eq!(bytes.len(), SIZE);
    }
}
