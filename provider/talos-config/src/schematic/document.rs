use sha2::{Digest, Sha256};

use crate::yaml::{self, Map, Value};

/// What an image is customised with. The order of lists counts: it changes the id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schematic {
    /// Who it belongs to, on factories that keep schematics apart.
    pub owner: String,
    /// Board support.
    pub overlay: Option<Overlay>,
    /// Machine configuration inside the image.
    pub embedded_machine_configuration: String,
    /// Kernel arguments beyond Talos's own; `-name` takes one away.
    pub extra_kernel_args: Vec<String>,
    /// Values of the META partition, by key.
    pub meta: Vec<(u8, String)>,
    /// System extensions such as `siderolabs/qemu-guest-agent`.
    pub extensions: Vec<String>,
    /// `dual-boot`, `sd-boot` or `grub`; empty lets the factory decide.
    pub bootloader: String,
    /// Secure boot.
    pub secure_boot: SecureBoot,
    /// Bytes per sector of disk images; 0 lets the factory decide.
    pub sector_size: u64,
}

/// Board support of single-board computers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overlay {
    /// Image of the overlay, without registry.
    pub image: String,
    /// Name within the image.
    pub name: String,
    /// Options of that overlay.
    pub options: Map,
}

/// How secure boot images enroll their keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecureBoot {
    /// When keys are enrolled; `None` lets the factory decide.
    pub enroll_keys: Option<EnrollKeys>,
    /// Whether the vendors' certificates are enrolled as well.
    pub include_well_known_certificates: bool,
}

/// When secure boot keys are enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrollKeys {
    /// Never.
    Off,
    /// From the boot menu.
    Manual,
    /// By itself in virtual machines.
    IfSafe,
    /// By itself everywhere.
    Force,
}

impl EnrollKeys {
    pub(super) const ALL: [Self; 4] = [Self::Off, Self::Manual, Self::IfSafe, Self::Force];

    /// The word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Manual => "manual",
            Self::IfSafe => "if-safe",
            Self::Force => "force",
        }
    }
}

impl Schematic {
    /// The text whose digest is the id: what the factory itself writes for this schematic.
    pub fn canonical(&self) -> String {
        let mut root = Map::new();
        insert_text(&mut root, "owner", &self.owner);
        if let Some(overlay) = self.overlay.as_ref().filter(|o| **o != Overlay::default()) {
            root.insert("overlay", overlay.to_map());
        }
        root.insert("customization", self.customization());
        yaml::emit(&Value::Map(root))
    }

    /// SHA-256 of the canonical text, 64 lower-case hexadecimal digits.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(self.canonical());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn customization(&self) -> Map {
        let mut map = Map::new();
        insert_text(
            &mut map,
            "embeddedMachineConfiguration",
            &self.embedded_machine_configuration,
        );
        insert_texts(&mut map, "extraKernelArgs", &self.extra_kernel_args);
        if !self.meta.is_empty() {
            map.insert(
                "meta",
                Value::List(self.meta.iter().map(meta_entry).collect()),
            );
        }
        let mut extensions = Map::new();
        insert_texts(&mut extensions, "officialExtensions", &self.extensions);
        insert_map(&mut map, "systemExtensions", extensions);
        insert_text(&mut map, "bootloader", &self.bootloader);
        insert_map(&mut map, "secureboot", self.secure_boot.to_map());
        if self.sector_size != 0 {
            let mut disk_image = Map::new();
            disk_image.insert("sectorSize", Value::Int(self.sector_size.into()));
            map.insert("diskImage", disk_image);
        }
        map
    }
}

impl Overlay {
    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("image", self.image.as_str());
        map.insert("name", self.name.as_str());
        if !self.options.is_empty() {
            let mut options = Value::Map(self.options.clone());
            yaml::sort_keys(&mut options);
            map.insert("options", options);
        }
        map
    }
}

impl SecureBoot {
    fn to_map(self) -> Map {
        let mut map = Map::new();
        if let Some(when) = self.enroll_keys {
            map.insert("enrollKeys", when.as_str());
        }
        if self.include_well_known_certificates {
            map.insert("includeWellKnownCertificates", true);
        }
        map
    }
}

fn meta_entry((key, value): &(u8, String)) -> Value {
    let mut map = Map::new();
    map.insert("key", Value::Int((*key).into()));
    map.insert("value", value.as_str());
    map.into()
}

fn insert_text(map: &mut Map, key: &str, text: &str) {
    if !text.is_empty() {
        map.insert(key, text);
    }
}

fn insert_texts(map: &mut Map, key: &str, texts: &[String]) {
    if !texts.is_empty() {
        map.insert(
            key,
            Value::List(texts.iter().map(|text| text.as_str().into()).collect()),
        );
    }
}

fn insert_map(map: &mut Map, key: &str, value: Map) {
    if !value.is_empty() {
        map.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids that the public factory gave.
    #[test]
    fn ids_equal_those_of_the_factory() {
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let overlay = Overlay {
            image: "siderolabs/sbc-raspberrypi".into(),
            name: "rpi_generic".into(),
            ..Overlay::default()
        };
        let well_known = SecureBoot {
            include_well_known_certificates: true,
            enroll_keys: None,
        };
        let base = Schematic::default;
        for (schematic, id) in [
            (
                base(),
                "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba",
            ),
            (
                Schematic {
                    extra_kernel_args: strings(&["noapic", "nolapic"]),
                    ..base()
                },
                "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c",
            ),
            (
                Schematic {
                    meta: vec![(10, "foo".into())],
                    ..base()
                },
                "d308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f",
            ),
            (
                Schematic {
                    secure_boot: well_known,
                    ..base()
                },
                "fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6",
            ),
            (
                Schematic {
                    sector_size: 4096,
                    ..base()
                },
                "92833e9ddd9bb9e11b2464fa5525429f01866306d52ebd882ee08d7918f6d1ea",
            ),
            (
                Schematic {
                    overlay: Some(overlay),
                    ..base()
                },
                "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9",
            ),
            (
                Schematic {
                    extensions: strings(&["siderolabs/qemu-guest-agent"]),
                    ..base()
                },
                "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515",
            ),
        ] {
            assert_eq!(schematic.id(), id, "{}", schematic.canonical());
        }
    }

    #[test]
    fn order_of_lists_changes_the_id() {
        let with = |names: [&str; 2]| Schematic {
            extensions: names.map(str::to_owned).to_vec(),
            ..Schematic::default()
        };
        assert_ne!(with(["a", "b"]).id(), with(["b", "a"]).id());
    }
}
