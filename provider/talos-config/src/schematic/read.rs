//! Reading a schematic document, as strictly as the factory does.

use super::{EnrollKeys, Overlay, Schematic, SecureBoot};
use crate::yaml::path::shown;
use crate::yaml::{self, Budget, Map, Node, NodeKind, Resolved, Value, resolve};

/// A schematic document that the factory would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchematicError {
    /// Not YAML at all.
    #[error(transparent)]
    Syntax(#[from] yaml::ParseError),
    /// More than one document.
    #[error("a schematic is one YAML document, found {0}")]
    Documents(usize),
    /// A key that schematics do not have, or that is there twice.
    #[error("unknown or repeated key {path:?} (line {line}); known here: {known}")]
    Key {
        /// Where, from the root.
        path: String,
        /// Counted from 1.
        line: usize,
        /// The keys that may stand there.
        known: String,
    },
    /// A value of another type or outside its choices.
    #[error("{path} must be {wanted} (line {line})")]
    Value {
        /// Where, from the root.
        path: String,
        /// Counted from 1.
        line: usize,
        /// What may stand there.
        wanted: &'static str,
    },
}

type Result<T> = std::result::Result<T, SchematicError>;

impl Schematic {
    /// Reads a document such as the factory's user interface shows. Empty text is the schematic
    /// without any customisation.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let documents = yaml::parse_nodes(text)?;
        let root = match documents.as_slice() {
            [] => return Ok(Self::default()),
            [root] => Place::new(String::new(), Some(root)),
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
    if place.node.is_none() {
        return Ok(None);
    }
    Ok(Some(Overlay {
        image: place.child("image").text()?,
        name: place.child("name").text()?,
        options: place.child("options").free()?,
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

/// A value, or its absence, with the way to it. Null is absence.
struct Place<'a> {
    path: String,
    node: Option<&'a Node>,
}

impl<'a> Place<'a> {
    fn new(path: String, node: Option<&'a Node>) -> Self {
        let node = node.map(Node::target);
        let is_null = |node: &&Node| {
            node.scalar()
                .is_some_and(|s| resolve(s) == Ok(Resolved::Null))
        };
        Self {
            path,
            node: node.filter(|node| !is_null(node)),
        }
    }

    fn child(&self, key: &str) -> Place<'a> {
        let entries = match self.node.map(|node| &node.kind) {
            Some(NodeKind::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        let entry = entries.iter().find(|(name, _)| name.text() == key);
        Place::new(self.below(key), entry.map(|(_, value)| value))
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn line(&self) -> usize {
        self.node.map_or(1, |node| node.line)
    }

    fn wrong(&self, wanted: &'static str) -> SchematicError {
        let path = if self.path.is_empty() {
            "the document"
        } else {
            &self.path
        };
        SchematicError::Value {
            path: path.to_owned(),
            line: self.line(),
            wanted,
        }
    }

    /// Refuses what is no mapping, and keys that are not in `known` or there twice.
    fn keys(&self, known: &[&str]) -> Result<()> {
        let Some(node) = self.node else {
            return Ok(());
        };
        let NodeKind::Map(entries) = &node.kind else {
            return Err(self.wrong("a mapping"));
        };
        for (at, (key, _)) in entries.iter().enumerate() {
            let name = key.text();
            let repeated = entries[..at].iter().any(|(other, _)| other.text() == name);
            if repeated || !known.contains(&name) {
                return Err(SchematicError::Key {
                    path: self.below(&shown(name)),
                    line: key.line,
                    known: known.join(", "),
                });
            }
        }
        Ok(())
    }

    /// What the scalar is, and its text.
    fn scalar(&self, wanted: &'static str) -> Result<Option<(Resolved, &'a str)>> {
        let Some(node) = self.node else {
            return Ok(None);
        };
        let scalar = node.scalar().ok_or_else(|| self.wrong(wanted))?;
        let resolved = resolve(scalar).map_err(|_| self.wrong(wanted))?;
        Ok(Some((resolved, scalar.text.as_str())))
    }

    /// Numbers and booleans count as they are written.
    fn text(&self) -> Result<String> {
        Ok(match self.scalar("a string")? {
            None => String::new(),
            Some((Resolved::Binary(text), _)) => text,
            Some((_, text)) => text.to_owned(),
        })
    }

    fn integer(&self) -> Result<i128> {
        match self.scalar("an integer")? {
            None => Ok(0),
            Some((Resolved::Int(number), _)) if number >= 0 => Ok(number),
            Some(_) => Err(self.wrong("an integer that is not negative")),
        }
    }

    fn boolean(&self) -> Result<bool> {
        match self.scalar("true or false")? {
            None => Ok(false),
            Some((Resolved::Bool(value), _)) => Ok(value),
            Some(_) => Err(self.wrong("true or false")),
        }
    }

    /// A mapping of anything.
    fn free(&self) -> Result<Map> {
        let Some(node) = self.node else {
            return Ok(Map::new());
        };
        match yaml::to_value(node, &mut Budget::default())? {
            Value::Map(map) => Ok(map),
            _ => Err(self.wrong("a mapping")),
        }
    }

    /// The items of a list; null ones do not count.
    fn items(&self) -> Result<Vec<Place<'a>>> {
        let Some(node) = self.node else {
            return Ok(Vec::new());
        };
        let NodeKind::List(items) = &node.kind else {
            return Err(self.wrong("a list"));
        };
        let place = |(index, node)| Place::new(format!("{}[{index}]", self.path), Some(node));
        let places = items.iter().enumerate().map(place);
        Ok(places.filter(|place| place.node.is_some()).collect())
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
    fn numbers_are_texts_and_null_is_nothing() {
        let text = "customization: {extraKernelArgs: [1, true, null], diskImage: null}";
        let args = Schematic::from_yaml(text).unwrap().extra_kernel_args;
        assert_eq!(args, ["1", "true"]);
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
            ("- a", "the document must be a mapping (line 1)"),
            ("owner: a\nowner: b", "\"owner\" (line 2)"),
            (
                "customization:\n  meta: [{key: -1}]",
                "customization.meta[0].key must be",
            ),
        ] {
            let error = Schematic::from_yaml(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
