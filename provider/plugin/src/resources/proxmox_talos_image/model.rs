//! Attributes of `proxmox_talos_image`.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;

/// A Talos image on storages of Proxmox VE: fetched by the hosts themselves, or uploaded from here.
///
/// Its name follows from what it is, so that another version is another file: the new one is delivered first, and the old one is
/// removed once no virtual machine names it. A file that is in a drive of a virtual machine is never removed.
#[derive(Model, Clone)]
pub struct TalosImage {
    /// The volume, as `file_id`.
    #[tf(computed)]
    pub id: Field<String>,
    /// Storage. It must take `iso` content, or `import` for disk images.
    #[tf(required)]
    pub storage: Field<String>,
    /// Hosts that get it. Unless given: all that have the storage; one is enough where it is shared.
    #[tf(optional)]
    pub nodes: Field<BTreeSet<String>>,
    /// An image of the Image Factory. Exactly one of `factory`, `url` and `file` is set.
    #[tf(optional)]
    pub factory: Field<ImageFactorySource>,
    /// Address of an image.
    #[tf(optional)]
    pub url: Field<String>,
    /// Path of an image on the computer that runs this. Another content under the same path is noticed by `checksum`.
    #[tf(optional)]
    pub file: Field<String>,
    /// What the file's digest must be. A file of that name that is there already is compared by the host; where it cannot compare it
    /// (its token lacks `Sys.AccessNetwork`), a file that was not delivered here with this checksum is refused.
    #[tf(optional)]
    pub checksum: Field<ImageChecksum>,
    /// Name on the storage, ending in .iso, .img, .qcow2 or .raw. Unless given it follows from the source.
    #[tf(optional, computed)]
    pub file_name: Field<String>,
    /// `node_download` (the hosts fetch it), `upload` (it goes through the computer that runs this), or `auto`: the former, and the
    /// latter where a host cannot reach the address.
    #[tf(optional, default = "auto", one_of("auto", "node_download", "upload"))]
    pub delivery: Field<String>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// The volume, such as `local:iso/talos.iso`.
    #[tf(computed)]
    pub file_id: Field<String>,
    /// The volume by host.
    #[tf(computed)]
    pub file_ids: Field<BTreeMap<String, Field<String>>>,
    /// Size in bytes.
    #[tf(computed)]
    pub size_bytes: Field<i64>,
    /// SHA-256 of the file, where it is known for sure: Proxmox VE compared it with `checksum`, or the file was uploaded from here.
    #[tf(computed)]
    pub sha256: Field<String>,
}

/// An image of the Image Factory.
#[derive(Model, Clone, PartialEq)]
pub struct ImageFactorySource {
    /// Schematic, the `id` of a `talos_image_schematic`.
    #[tf(required)]
    pub schematic_id: Field<String>,
    /// Talos version, such as `v1.12.6`.
    #[tf(required)]
    pub talos_version: Field<String>,
    /// Platform. `nocloud` images read the seed of `proxmox_talos_vm`.
    #[tf(optional, default = "nocloud")]
    pub platform: Field<String>,
    /// Architecture.
    #[tf(optional, default = "amd64", one_of("amd64", "arm64"))]
    pub architecture: Field<String>,
    /// `iso` to start from, or `qcow2` or `raw` to import as a disk.
    #[tf(optional, default = "iso", one_of("iso", "qcow2", "raw"))]
    pub format: Field<String>,
}

/// A digest.
#[derive(Model, Clone, PartialEq)]
pub struct ImageChecksum {
    /// `sha256` or another one that Proxmox VE knows.
    #[tf(
        required,
        one_of("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    )]
    pub algorithm: Field<String>,
    /// Hexadecimal digits.
    #[tf(required)]
    pub value: Field<String>,
}

impl TalosImage {
    /// Nothing is set: what import starts from.
    pub fn absent() -> Self {
        Self {
            id: Field::Null,
            storage: Field::Null,
            nodes: Field::Null,
            factory: Field::Null,
            url: Field::Null,
            file: Field::Null,
            checksum: Field::Null,
            file_name: Field::Null,
            delivery: "auto".into(),
            timeouts: Field::Null,
            file_id: Field::Null,
            file_ids: Field::Null,
            size_bytes: Field::Null,
            sha256: Field::Null,
        }
    }
}
