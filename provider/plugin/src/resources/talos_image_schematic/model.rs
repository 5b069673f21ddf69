//! Attributes of `talos_image_schematic`.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;

/// What Talos images are customised with. The id and all addresses are known at plan, without network.
///
/// An Image Factory makes images only of schematics that somebody posted there: `register` does that. Nothing is
/// removed on destroy, because factories keep schematics for ever and share them.
#[derive(Model, Clone)]
pub struct ImageSchematic {
    /// Id of the schematic: 64 hexadecimal digits.
    #[tf(computed)]
    pub id: Field<String>,
    /// Official system extensions, such as `siderolabs/qemu-guest-agent`.
    #[tf(optional)]
    pub extensions: Field<BTreeSet<String>>,
    /// Kernel arguments beyond Talos's own, in order; `-name` takes one away.
    #[tf(optional)]
    pub kernel_args: Field<Vec<Field<String>>>,
    /// Board support of single-board computers.
    #[tf(optional)]
    pub overlay: Field<SchematicOverlay>,
    /// Values of the META partition by key, a number such as `10` or `0xa`.
    #[tf(optional)]
    pub meta: Field<BTreeMap<String, String>>,
    /// Images signed for secure boot.
    #[tf(optional)]
    pub secure_boot: Field<SchematicSecureBoot>,
    /// The whole document, instead of the attributes above.
    #[tf(optional)]
    pub schematic_yaml: Field<String>,
    /// Talos version of the images, such as `v1.12.6`. With `register`, the names of extensions are checked against
    /// those that the factory has for this version.
    #[tf(optional)]
    pub talos_version: Field<String>,
    /// Platform of the images, such as `nocloud` or `metal`.
    #[tf(optional, default = "nocloud")]
    pub platform: Field<String>,
    /// Architecture of the images: `amd64` or `arm64`.
    #[tf(optional, default = "amd64", one_of("amd64", "arm64"))]
    pub architecture: Field<String>,
    /// Whether the schematic is posted to the Image Factory, which makes images only of those that it knows.
    #[tf(optional, default = true)]
    pub register: Field<bool>,
    /// How long operations may take, as Go durations.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
    /// Installer image; null without `talos_version`.
    #[tf(computed)]
    pub installer_image: Field<String>,
    /// Address of the ISO image; null without `talos_version`.
    #[tf(computed)]
    pub iso_url: Field<String>,
    /// Address of the compressed disk image; null without `talos_version`.
    #[tf(computed)]
    pub disk_image_url: Field<String>,
    /// Address of the iPXE script; null without `talos_version`.
    #[tf(computed)]
    pub pxe_url: Field<String>,
}

/// Board support of single-board computers.
#[derive(Model, Clone)]
pub struct SchematicOverlay {
    /// Name within the image, such as `rpi_generic`.
    #[tf(required)]
    pub name: Field<String>,
    /// Image of the overlay, without registry, such as `siderolabs/sbc-raspberrypi`.
    #[tf(required)]
    pub image: Field<String>,
    /// Options of that overlay.
    #[tf(optional)]
    pub options: Field<BTreeMap<String, String>>,
}

/// Images signed for secure boot.
#[derive(Model, Clone)]
pub struct SchematicSecureBoot {
    /// Whether the vendors' certificates are enrolled as well; false unless given.
    #[tf(optional)]
    pub include_well_known_certificates: Field<bool>,
}

impl ImageSchematic {
    /// Everything null: what import starts from.
    pub fn empty() -> Self {
        Self {
            id: Field::Null,
            extensions: Field::Null,
            kernel_args: Field::Null,
            overlay: Field::Null,
            meta: Field::Null,
            secure_boot: Field::Null,
            schematic_yaml: Field::Null,
            talos_version: Field::Null,
            platform: "nocloud".into(),
            architecture: "amd64".into(),
            register: Field::Known(true),
            timeouts: Field::Null,
            installer_image: Field::Null,
            iso_url: Field::Null,
            disk_image_url: Field::Null,
            pxe_url: Field::Null,
        }
    }
}
