use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use serde_json::json;

use super::document::{attributes, wanted};
use super::import;
use super::model::{ImageSchematic, SchematicOverlay, SchematicSecureBoot};
use super::plan::{describe, validate};
use talos_config::schematic::Schematic;

pub(super) const PUBLIC: &str = "https://factory.talos.dev";
pub(super) const GUEST_AGENT: &str =
    "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515";

pub(super) fn with_extensions(names: &[&str]) -> ImageSchematic {
    let names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    ImageSchematic {
        extensions: Field::Known(names),
        talos_version: "v1.12.6".into(),
        ..ImageSchematic::empty()
    }
}

fn described(mut model: ImageSchematic) -> ImageSchematic {
    describe(Some(PUBLIC), &mut model).unwrap();
    model
}

fn problems(model: &ImageSchematic) -> Vec<String> {
    let mut found = Diagnostics::new();
    validate(model, &mut found);
    found
        .iter()
        .map(|problem| problem.summary.clone())
        .collect()
}

#[test]
fn all_is_known_at_plan() {
    let model = described(with_extensions(&["siderolabs/qemu-guest-agent"]));
    assert_eq!(model.id.text(), GUEST_AGENT);
    assert_eq!(
        model.installer_image.text(),
        format!("factory.talos.dev/nocloud-installer/{GUEST_AGENT}:v1.12.6")
    );
    assert_eq!(
        model.iso_url.text(),
        format!("{PUBLIC}/image/{GUEST_AGENT}/v1.12.6/nocloud-amd64.iso")
    );
}

#[test]
fn without_version_there_are_no_addresses() {
    let model = described(ImageSchematic {
        talos_version: Field::Null,
        ..with_extensions(&[])
    });
    assert!(model.id.is_known());
    assert!(model.installer_image.is_null() && model.iso_url.is_null() && model.pxe_url.is_null());
}

#[test]
fn what_depends_on_unknowns_is_unknown() {
    let model = described(ImageSchematic {
        kernel_args: Field::Known(vec![Field::Unknown]),
        ..with_extensions(&[])
    });
    assert!(model.id.is_unknown() && model.iso_url.is_unknown());
    let model = described(ImageSchematic {
        talos_version: Field::Unknown,
        ..with_extensions(&[])
    });
    assert!(model.id.is_known() && model.iso_url.is_unknown());
}

#[test]
fn attributes_and_document_give_the_same_id() {
    let overlay = SchematicOverlay {
        name: "rpi_generic".into(),
        image: "siderolabs/sbc-raspberrypi".into(),
        options: Field::Known(BTreeMap::from([
            ("b".to_owned(), "2".to_owned()),
            ("a".to_owned(), "1".to_owned()),
        ])),
    };
    let model = ImageSchematic {
        kernel_args: Field::Known(vec!["-console".into(), "console=ttyS0".into()]),
        overlay: Field::Known(overlay),
        meta: Field::Known(BTreeMap::from([
            ("0xc".to_owned(), "x".to_owned()),
            ("10".to_owned(), "y".to_owned()),
        ])),
        secure_boot: Field::Known(SchematicSecureBoot {
            include_well_known_certificates: Field::Known(true),
        }),
        ..with_extensions(&["siderolabs/zfs", "siderolabs/i915"])
    };
    let schematic = wanted(&model).unwrap().unwrap().schematic;
    assert_eq!(schematic.meta, [(10, "y".to_owned()), (12, "x".to_owned())]);
    let text = ImageSchematic {
        schematic_yaml: schematic.canonical().into(),
        ..ImageSchematic::empty()
    };
    assert_eq!(described(text).id, described(model).id);
}

#[test]
fn secure_boot_images_are_others() {
    let secure = SchematicSecureBoot {
        include_well_known_certificates: Field::Null,
    };
    let model = described(ImageSchematic {
        secure_boot: Field::Known(secure),
        ..with_extensions(&[])
    });
    assert!(
        model
            .iso_url
            .text()
            .ends_with("nocloud-amd64-secureboot.iso")
    );
}

#[test]
fn what_cannot_be_is_refused_at_validation() {
    let twice = ImageSchematic {
        schematic_yaml: "customization: {}".into(),
        ..with_extensions(&["a/b"])
    };
    assert_eq!(
        problems(&twice),
        ["TS-INPUT-CONFLICT: extensions and schematic_yaml are both set"]
    );
    let meta = |keys: &[&str]| ImageSchematic {
        meta: Field::Known(
            keys.iter()
                .map(|&key| (key.to_owned(), String::new()))
                .collect(),
        ),
        ..ImageSchematic::empty()
    };
    assert_eq!(problems(&meta(&["ten"])).len(), 1);
    assert_eq!(problems(&meta(&["10", "0xa"])).len(), 1);
    assert!(problems(&meta(&["10", "0xb"])).is_empty());
    let document = ImageSchematic {
        schematic_yaml: "customisation: {}".into(),
        ..ImageSchematic::empty()
    };
    assert_eq!(
        problems(&document),
        ["TS-SCHEMATIC-INVALID: the schematic is not valid"]
    );
    for version in ["latest", "v1.12", "1.12.x"] {
        let version = ImageSchematic {
            talos_version: version.into(),
            ..ImageSchematic::empty()
        };
        assert_eq!(
            problems(&version),
            ["TS-INPUT-INVALID: talos_version is not a full version"]
        );
    }
    let mock = ImageSchematic {
        talos_version: "mock".into(),
        ..ImageSchematic::empty()
    };
    assert!(problems(&mock).is_empty());
}

#[test]
fn a_schematic_that_attributes_cannot_say_stays_text() {
    let text = "customization: {bootloader: grub}";
    let model = attributes(text, &Schematic::from_yaml(text).unwrap());
    assert_eq!(model.schematic_yaml.text(), text);
    // The order of the list counts and a set has none.
    let text = "customization: {systemExtensions: {officialExtensions: [b, a]}}";
    assert!(
        attributes(text, &Schematic::from_yaml(text).unwrap())
            .schematic_yaml
            .is_known()
    );
}

#[test]
fn state_of_the_other_provider_moves_without_a_change() {
    let raw = json!({ "id": GUEST_AGENT, "schematic": "customization:\n  systemExtensions:\n    officialExtensions:\n    - siderolabs/qemu-guest-agent\n" });
    let model = import::moved(&raw).unwrap();
    assert_eq!(model.id.text(), GUEST_AGENT);
    assert!(model.extensions.is_known());
}
