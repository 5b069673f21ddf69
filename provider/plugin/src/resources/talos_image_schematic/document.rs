//! The schematic that attributes stand for, and back. Pure.

use std::collections::BTreeMap;

use framework::prelude::*;
use talos_config::schematic::{Overlay, Schematic, SecureBoot};
use talos_config::yaml::{Map, Value};

use crate::shared::placeholder::stands_in;

use super::model::{ImageSchematic, SchematicOverlay, SchematicSecureBoot};

/// A schematic and whether its images are those for secure boot.
pub struct Wanted {
    /// What is registered.
    pub schematic: Schematic,
    /// Secure boot images are files of their own.
    pub secure_boot: bool,
}

/// The schematic; `None` while a part of it is unknown or a placeholder.
pub fn wanted(model: &ImageSchematic) -> Result<Option<Wanted>, Diagnostic> {
    if let Some(text) = model.schematic_yaml.as_str() {
        return if stands_in(text) {
            Ok(None)
        } else {
            from_text(text).map(Some)
        };
    }
    let unknown = model.schematic_yaml.is_unknown()
        || model.extensions.is_unknown()
        || model.meta.is_unknown()
        || model.secure_boot.is_unknown();
    let (Some(kernel_args), Some(overlay)) =
        (model.kernel_args.all_known(), overlay(&model.overlay))
    else {
        return Ok(None);
    };
    let Some(secure) = secure_boot(&model.secure_boot).filter(|_| !unknown) else {
        return Ok(None);
    };
    let schematic = Schematic {
        overlay,
        extra_kernel_args: kernel_args,
        meta: meta(&model.meta)?,
        extensions: model
            .extensions
            .get()
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
        secure_boot: secure,
        ..Schematic::default()
    };
    Ok(Some(Wanted {
        schematic,
        secure_boot: model.secure_boot.is_known(),
    }))
}

fn from_text(text: &str) -> Result<Wanted, Diagnostic> {
    let schematic = Schematic::from_yaml(text).map_err(|error| {
        Diagnostic::error(
            "TS-SCHEMATIC-INVALID: the schematic is not valid",
            format!("{error}."),
        )
        .at(Path::attribute("schematic_yaml"))
    })?;
    let secure_boot = schematic.secure_boot != SecureBoot::default();
    Ok(Wanted {
        schematic,
        secure_boot,
    })
}

/// Outer `None`: something is unknown.
fn overlay(field: &Field<SchematicOverlay>) -> Option<Option<Overlay>> {
    let overlay = match field {
        Field::Unknown => return None,
        Field::Null => return Some(None),
        Field::Known(overlay) => overlay,
    };
    if overlay.name.is_unknown() || overlay.image.is_unknown() || overlay.options.is_unknown() {
        return None;
    }
    let options = overlay.options.get().into_iter().flatten();
    let options: Map = options
        .map(|(key, value)| (key.clone(), Value::Str(value.clone())))
        .collect();
    Some(Some(Overlay {
        image: overlay.image.text().to_owned(),
        name: overlay.name.text().to_owned(),
        options,
    }))
}

/// `None`: it is unknown.
fn secure_boot(field: &Field<SchematicSecureBoot>) -> Option<SecureBoot> {
    let Some(secure) = field.get() else {
        return Some(SecureBoot::default());
    };
    if secure.include_well_known_certificates.is_unknown() {
        return None;
    }
    let include_well_known_certificates =
        secure.include_well_known_certificates.get() == Some(&true);
    Some(SecureBoot {
        include_well_known_certificates,
        ..SecureBoot::default()
    })
}

/// Ordered by number, so that the same values always give the same id.
fn meta(field: &Field<BTreeMap<String, String>>) -> Result<Vec<(u8, String)>, Diagnostic> {
    let mut entries = Vec::new();
    for (key, value) in field.get().into_iter().flatten() {
        entries.push((meta_key(key)?, value.clone()));
    }
    entries.sort_by_key(|(key, _)| *key);
    match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(entries),
        Some(pair) => Err(invalid_meta(
            &pair[0].0.to_string(),
            "it is there twice, in different spellings",
        )),
    }
}

fn meta_key(text: &str) -> Result<u8, Diagnostic> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16),
        None => text.parse::<u8>(),
    };
    number.map_err(|_| {
        invalid_meta(
            text,
            "keys of META are numbers from 0 to 255, such as 10 or 0xa",
        )
    })
}

fn invalid_meta(key: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(
        format!("TS-INPUT-INVALID: META key {key:?} is not valid"),
        format!("{reason}."),
    )
    .at(Path::attribute("meta").key(key))
}

/// The attributes that stand for a schematic; the whole text where they cannot say everything.
pub fn attributes(text: &str, schematic: &Schematic) -> ImageSchematic {
    let mut model = ImageSchematic::empty();
    model.extensions = some(
        schematic.extensions.iter().cloned().collect(),
        schematic.extensions.is_empty(),
    );
    model.kernel_args = some(
        schematic
            .extra_kernel_args
            .iter()
            .cloned()
            .map(Field::Known)
            .collect(),
        schematic.extra_kernel_args.is_empty(),
    );
    let meta = schematic
        .meta
        .iter()
        .map(|(key, value)| (key.to_string(), value.clone()));
    model.meta = some(meta.collect(), schematic.meta.is_empty());
    model.overlay = schematic.overlay.as_ref().map(overlay_attributes).into();
    if schematic.secure_boot != SecureBoot::default() {
        let well_known = schematic.secure_boot.include_well_known_certificates;
        model.secure_boot = Field::Known(SchematicSecureBoot {
            include_well_known_certificates: well_known.into(),
        });
    }
    let same = wanted(&model)
        .is_ok_and(|wanted| wanted.is_some_and(|wanted| wanted.schematic.id() == schematic.id()));
    if same {
        return model;
    }
    ImageSchematic {
        schematic_yaml: text.into(),
        ..ImageSchematic::empty()
    }
}

fn overlay_attributes(overlay: &Overlay) -> SchematicOverlay {
    let options = overlay.options.iter().map(|(key, value)| {
        (
            key.to_owned(),
            value.as_str().unwrap_or_default().to_owned(),
        )
    });
    SchematicOverlay {
        name: overlay.name.clone().into(),
        image: overlay.image.clone().into(),
        options: some(options.collect(), overlay.options.is_empty()),
    }
}

fn some<T>(value: T, empty: bool) -> Field<T> {
    if empty {
        Field::Null
    } else {
        Field::Known(value)
    }
}
