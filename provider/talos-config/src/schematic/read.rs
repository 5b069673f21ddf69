//! Reading a schematic document, as strictly as the factory does.

use super::place::Place;
use super::{EnrollKeys, Overlay, Schematic, SecureBoot};
use crate::yaml::{self, Budget};

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
    #[error("unknown key {path:?}; {hint} (line {line})")]
    Key {
        /// Where, from the root.
        path: String,
        /// Counted from 1.
        line: usize,
        /// The key that was probably meant, or those that may stand there.
        hint: String,
    },
    /// A mapping that cannot be read, such as one with a key twice.
    #[error("{path}: {message} (line {line})")]
    Mapping {
        /// Where, from the root.
        path: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
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

pub(super) type Result<T> = std::result::Result<T, SchematicError>;

impl Schematic {
    /// Reads a document such as the factory's user interface shows. Empty text is the schematic
    /// without any customisation, though the factory wants at least `{}`: it is given the
    /// canonical text, which is never empty.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let documents = yaml::parse_nodes(text)?;
        let root = match documents.as_slice() {
            [] => return Ok(Self::default()),
            [root] => Place::root(root),
            many => return Err(SchematicError::Documents(many.len())),
        };
        let budget = &mut Budget::default();
        let root = root.fields(&["owner", "overlay", "customization"], budget)?;
        let custom = root.child("customization").fields(
            &[
                "embeddedMachineConfiguration",
                "extraKernelArgs",
                "meta",
                "systemExtensions",
                "bootloader",
                "secureboot",
                "diskImage",
            ],
            budget,
        )?;
        let extensions = custom.child("systemExtensions");
        let extensions = extensions.fields(&["officialExtensions"], budget)?;
        let disk_image = custom.child("diskImage").fields(&["sectorSize"], budget)?;
        let sector_size = disk_image.child("sectorSize");
        Ok(Self {
            owner: root.child("owner").text(budget)?,
            overlay: overlay(&root.child("overlay"), budget)?,
            embedded_machine_configuration: custom
                .child("embeddedMachineConfiguration")
                .text(budget)?,
            extra_kernel_args: custom.child("extraKernelArgs").texts(budget)?,
            meta: meta(&custom.child("meta"), budget)?,
            extensions: extensions.child("officialExtensions").texts(budget)?,
            bootloader: bootloader(&custom.child("bootloader"), budget)?,
            secure_boot: secure_boot(&custom.child("secureboot"), budget)?,
            sector_size: sector_size
                .integer("an integer from 0 to 18446744073709551615", budget)?,
        })
    }
}

fn overlay(place: &Place<'_>, budget: &mut Budget) -> Result<Option<Overlay>> {
    let fields = place.fields(&["image", "name", "options"], budget)?;
    if place.is_absent() {
        return Ok(None);
    }
    Ok(Some(Overlay {
        image: fields.child("image").text(budget)?,
        name: fields.child("name").text(budget)?,
        options: fields.child("options").free(budget)?,
    }))
}

fn meta(place: &Place<'_>, budget: &mut Budget) -> Result<Vec<(u8, String)>> {
    let items = place.items(budget)?;
    let read = |item: Place<'_>| {
        let item = item.fields(&["key", "value"], budget)?;
        let key = item
            .child("key")
            .integer("an integer from 0 to 255", budget)?;
        Ok((key, item.child("value").text(budget)?))
    };
    items.into_iter().map(read).collect()
}

fn bootloader(place: &Place<'_>, budget: &mut Budget) -> Result<String> {
    let text = place.text(budget)?;
    match text.as_str() {
        "" | "none" | "auto" => Ok(String::new()),
        "dual-boot" | "sd-boot" | "grub" => Ok(text),
        _ => Err(place.wrong("auto, dual-boot, sd-boot or grub")),
    }
}

fn secure_boot(place: &Place<'_>, budget: &mut Budget) -> Result<SecureBoot> {
    let fields = place.fields(&["enrollKeys", "includeWellKnownCertificates"], budget)?;
    let enroll = fields.child("enrollKeys");
    let word = enroll.text(budget)?;
    let enroll_keys = match word.as_str() {
        "" => None,
        word => Some(
            EnrollKeys::ALL
                .into_iter()
                .find(|when| when.as_str() == word)
                .ok_or_else(|| enroll.wrong("off, manual, if-safe or force"))?,
        ),
    };
    let well_known = fields
        .child("includeWellKnownCertificates")
        .boolean(budget)?;
    Ok(SecureBoot {
        enroll_keys,
        include_well_known_certificates: well_known,
    })
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
    fn words_of_yaml_1_1_are_booleans_where_one_must_be() {
        let read = |word: &str| {
            let text =
                format!("customization: {{secureboot: {{includeWellKnownCertificates: {word}}}}}");
            Schematic::from_yaml(&text).map(|s| s.secure_boot.include_well_known_certificates)
        };
        for (word, wanted) in [
            ("yes", true),
            ("ON", true),
            ("\"y\"", true),
            ("No", false),
            ("off", false),
            ("", false),
        ] {
            assert_eq!(read(word), Ok(wanted), "{word}");
        }
        for word in ["yEs", "1", "maybe"] {
            let error = read(word).unwrap_err().to_string();
            assert!(error.contains("must be true or false"), "{error}");
        }
    }

    #[test]
    fn what_the_factory_refuses_is_refused_by_path() {
        for (text, wanted) in [
            (
                "customisation: {}",
                "unknown key \"customisation\"; did you mean customization? (line 1)",
            ),
            (
                "customization: {meta: [{kee: 1}]}",
                "unknown key \"customization.meta[0].kee\"; did you mean key? (line 1)",
            ),
            (
                "customization: {diskImage: {size: 1}}",
                "\"customization.diskImage.size\"; known here: sectorSize (line 1)",
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
            (
                "owner: a\nowner: b",
                "the document: key 'owner' is there twice (line 2)",
            ),
            (
                "overlay:\n  options:\n    a: {b: 1, b: 2}",
                "overlay.options.a: key 'b' is there twice (line 3)",
            ),
            (
                "overlay:\n  <<: a",
                "overlay: << needs a mapping or a list of mappings (line 2)",
            ),
            (
                "overlay:\n  <<: {nam: a}",
                "unknown key \"overlay.nam\"; did you mean name? (line 2)",
            ),
        ] {
            let error = Schematic::from_yaml(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn numbers_have_the_range_of_go() {
        let with_key = |key: &str| {
            let text = format!("customization: {{meta: [{{key: {key}, value: a}}]}}");
            Schematic::from_yaml(&text).map(|schematic| schematic.meta[0].0)
        };
        assert_eq!(with_key("255").unwrap(), 255);
        for key in ["256", "-1", "x"] {
            let error = with_key(key).unwrap_err().to_string();
            let wanted = "customization.meta[0].key must be an integer from 0 to 255 (line 1)";
            assert_eq!(error, wanted);
        }
        let with_size = |size: &str| {
            let text = format!("customization: {{diskImage: {{sectorSize: {size}}}}}");
            Schematic::from_yaml(&text).map(|schematic| schematic.sector_size)
        };
        assert_eq!(with_size("18446744073709551615").unwrap(), u64::MAX);
        assert!(with_size("-1").is_err());
        assert!(with_size("18446744073709551616").is_err());
    }

    #[test]
    fn merge_keys_add_what_is_not_there() {
        let text = "overlay: {name: a, <<: [{name: b, image: &x i}, {image: j}], options: {<<: {c: *x}, d: 1}}";
        let overlay = Schematic::from_yaml(text).unwrap().overlay.unwrap();
        assert_eq!((overlay.name.as_str(), overlay.image.as_str()), ("a", "i"));
        let keys: Vec<&str> = overlay.options.keys().collect();
        assert_eq!(keys, ["d", "c"]);
    }

    #[test]
    fn growing_merge_keys_are_refused() {
        let mut text = String::from("overlay:\n  options:\n    a0: &a0 {x: 1}\n");
        for level in 1..40 {
            let before = format!("*a{}", level - 1);
            text += &format!("    a{level}: &a{level} {{<<: [{before}, {before}]}}\n");
        }
        let error = Schematic::from_yaml(&text).unwrap_err().to_string();
        assert!(error.contains("aliases expand to too much"), "{error}");
    }

    #[test]
    fn lists_and_texts_count_as_mappings_do() {
        let level = |level: usize| {
            let before = format!("*a{}", level - 1);
            format!("    a{level}: &a{level} [{before}, {before}]\n")
        };
        let levels: String = (1..30).map(level).collect();
        let lists = format!("overlay:\n  options:\n    a0: &a0 [x]\n{levels}");
        let long = "x".repeat(1 << 20);
        let arguments = |times: usize| {
            format!(
                "{{owner: &a {long}, customization: {{extraKernelArgs: [{}]}}}}",
                "*a, ".repeat(times)
            )
        };
        for text in [lists, arguments(20)] {
            let error = Schematic::from_yaml(&text).err().unwrap().to_string();
            assert!(error.contains("aliases expand to too much"), "{error}");
        }
        let read = Schematic::from_yaml(&arguments(3)).unwrap();
        assert_eq!(read.extra_kernel_args.len(), 3);
    }
}
