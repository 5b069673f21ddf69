//! Reading a schematic document, as strictly as the factory does.

use super::{EnrollKeys, Overlay, Schematic, SecureBoot};
use crate::yaml::{self, Map, Value};

/// A schematic document that the factory would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchematicError {
    /// Not YAML at all.
    #[error(transparent)]
    Syntax(#[from] yaml::ParseError),
    /// More than one document.
    #[error("a schematic is one YAML document, found {0}")]
    Documents(usize),
    /// A key that schematics do not have.
    #[error("unknown key {path:?}; known here: {known}")]
    UnknownKey {
        /// Where, from the root.
        path: String,
        /// The keys that may stand there.
        known: String,
    },
    /// A value of another type or outside its choices.
    #[error("{path} must be {wanted}")]
    Value {
        /// Where, from the root.
        path: String,
        /// What may stand there.
        wanted: &'static str,
    },
}

type Result<T> = std::result::Result<T, SchematicError>;

impl Schematic {
    /// Reads a document such as the factory's user interface shows. Empty text is the schematic
    /// without any customisation.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let documents = yaml::parse(text)?;
        let root = match documents.as_slice() {
            [] => return Ok(Self::default()),
            [root] => Place {
                path: String::new(),
                value: Some(root),
            },
            many => return Err(SchematicError::Documents(many.len())),
        };
        root.keys(&["owner", "overlay", "customization"])?;
        let custom = root.child("customization");
        custom.keys(&[
            "embeddedMachineConfiguration",
            "extraKernelArgs",
            "meta",
            "systemExtensions",
            "bootloader",
            "secureboot",
            "diskImage",
        ])?;
        let extensions = custom.child("systemExtensions");
        extensions.keys(&["officialExtensions"])?;
        let disk_image = custom.child("diskImage");
        disk_image.keys(&["sectorSize"])?;
        Ok(Self {
            owner: root.child("owner").text()?,
            overlay: overlay(&root.child("overlay"))?,
            embedded_machine_configuration: custom.child("embeddedMachineConfiguration").text()?,
            extra_kernel_args: custom.child("extraKernelArgs").texts()?,
            meta: meta(&custom.child("meta"))?,
            extensions: extensions.child("officialExtensions").texts()?,
            bootloader: bootloader(&custom.child("bootloader"))?,
            secure_boot: secure_boot(&custom.child("secureboot"))?,
            sector_size: disk_image.child("sectorSize").integer()?,
        })
    }
}

fn overlay(place: &Place<'_>) -> Result<Option<Overlay>> {
    place.keys(&["image", "name", "options"])?;
    if place.value.is_none() {
        return Ok(None);
    }
    let options = place.child("options");
    let wrong = || options.wrong("a mapping");
    let map = match options.value {
        None => Map::new(),
        Some(value) => value.as_map().ok_or_else(wrong)?.clone(),
    };
    let (image, name) = (place.child("image").text()?, place.child("name").text()?);
    Ok(Some(Overlay {
        image,
        name,
        options: map,
    }))
}

fn meta(place: &Place<'_>) -> Result<Vec<(i128, String)>> {
    let read = |item: Place<'_>| {
        item.keys(&["key", "value"])?;
        Ok((item.child("key").integer()?, item.child("value").text()?))
    };
    place.items()?.into_iter().map(read).collect()
}

fn bootloader(place: &Place<'_>) -> Result<String> {
    let text = place.text()?;
    match text.as_str() {
        "" | "none" | "auto" => Ok(String::new()),
        "dual-boot" | "sd-boot" | "grub" => Ok(text),
        _ => Err(place.wrong("auto, dual-boot, sd-boot or grub")),
    }
}

fn secure_boot(place: &Place<'_>) -> Result<SecureBoot> {
    place.keys(&["enrollKeys", "includeWellKnownCertificates"])?;
    let enroll = place.child("enrollKeys");
    let word = enroll.text()?;
    let enroll_keys = match word.as_str() {
        "" => None,
        word => Some(
            EnrollKeys::ALL
                .into_iter()
                .find(|when| when.as_str() == word)
                .ok_or_else(|| enroll.wrong("off, manual, if-safe or force"))?,
        ),
    };
    let well_known = place.child("includeWellKnownCertificates").boolean()?;
    Ok(SecureBoot {
        enroll_keys,
        include_well_known_certificates: well_known,
    })
}

/// A value, or its absence, with the way to it.
struct Place<'a> {
    path: String,
    value: Option<&'a Value>,
}

impl<'a> Place<'a> {
    fn child(&self, key: &str) -> Place<'a> {
        let value = self.value.and_then(|value| value.get(key));
        Place {
            path: self.below(key),
            value: value.filter(|value| !value.is_null()),
        }
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn wrong(&self, wanted: &'static str) -> SchematicError {
        let path = if self.path.is_empty() {
            "the document"
        } else {
            &self.path
        };
        SchematicError::Value {
            path: path.to_owned(),
            wanted,
        }
    }

    /// Refuses what is no mapping, and keys that are not in `known`.
    fn keys(&self, known: &[&str]) -> Result<()> {
        let Some(value) = self.value.filter(|value| !value.is_null()) else {
            return Ok(());
        };
        let map = value.as_map().ok_or_else(|| self.wrong("a mapping"))?;
        match map.keys().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => Err(SchematicError::UnknownKey {
                path: self.below(key),
                known: known.join(", "),
            }),
        }
    }

    fn text(&self) -> Result<String> {
        match self.value {
            None => Ok(String::new()),
            Some(value) => value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| self.wrong("a string")),
        }
    }

    fn integer(&self) -> Result<i128> {
        match self.value {
            None => Ok(0),
            Some(value) => value.as_int().ok_or_else(|| self.wrong("an integer")),
        }
    }

    fn boolean(&self) -> Result<bool> {
        match self.value {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong("true or false")),
        }
    }

    fn items(&self) -> Result<Vec<Place<'a>>> {
        let Some(value) = self.value else {
            return Ok(Vec::new());
        };
        let items = value.as_list().ok_or_else(|| self.wrong("a list"))?;
        let place = |(index, value)| Place {
            path: format!("{}[{index}]", self.path),
            value: Some(value),
        };
        Ok(items.iter().enumerate().map(place).collect())
    }

    fn texts(&self) -> Result<Vec<String>> {
        self.items()?.iter().map(Place::text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_reading() {
        let text = "owner: me\noverlay:\n    image: a/b\n    name: c\n    options:\n        x: 1\n        zero: z\ncustomization:\n    embeddedMachineConfiguration: |\n        machine: {}\n    extraKernelArgs:\n        - -console\n        - foo=bar\n    meta:\n        - key: 10\n          value: foo\n    systemExtensions:\n        officialExtensions:\n            - siderolabs/i915\n    bootloader: sd-boot\n    secureboot:\n        enrollKeys: if-safe\n        includeWellKnownCertificates: true\n    diskImage:\n        sectorSize: 4096\n";
        assert_eq!(Schematic::from_yaml(text).unwrap().canonical(), text);
    }

    #[test]
    fn layout_of_the_text_does_not_matter() {
        let short = "{customization: {extraKernelArgs: [noapic, nolapic], meta: []}, overlay: }";
        let schematic = Schematic::from_yaml(short).unwrap();
        let wanted = "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c";
        assert_eq!(schematic.id(), wanted);
        assert_eq!(Schematic::from_yaml("").unwrap(), Schematic::default());
    }

    #[test]
    fn off_is_a_word_here() {
        let text = "customization: {secureboot: {enrollKeys: off}}";
        let canonical = Schematic::from_yaml(text).unwrap().canonical();
        assert_eq!(
            canonical,
            "customization:\n    secureboot:\n        enrollKeys: \"off\"\n"
        );
    }

    #[test]
    fn what_the_factory_refuses_is_refused_by_path() {
        for (text, wanted) in [
            ("customisation: {}", "customisation"),
            (
                "customization: {meta: [{kee: 1}]}",
                "customization.meta[0].kee",
            ),
            (
                "customization: {bootloader: lilo}",
                "customization.bootloader must be",
            ),
            (
                "customization: {extraKernelArgs: a}",
                "customization.extraKernelArgs must be",
            ),
            ("- a", "the document must be a mapping"),
        ] {
            let error = Schematic::from_yaml(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
