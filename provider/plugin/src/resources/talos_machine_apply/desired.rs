//! The desired configuration: the attribute's text, with the patches laid over it.

use framework::prelude::*;
use talos_config::document::Config;
use talos_config::tables::Line;

use super::model::MachineApply;
use crate::shared::patch_texts::{self, Patches};
use crate::shared::placeholder::{PLACEHOLDER_MARK, is_placeholder_text};
use crate::shared::{config_text, line};

/// What the configuration asks for.
pub enum Desired {
    /// This.
    Config(Box<Config>),
    /// Some of it is not known yet.
    Unknown,
    /// Some of it stands in for the output of a stage that has not run; the attribute.
    Placeholder(&'static str),
}

/// As [`desired`], for no machine in particular: what it says does not depend on the Talos that runs.
pub fn desired_anywhere(model: &MachineApply) -> Result<Desired, Diagnostics> {
    line::any(|line| desired(model, line))
}

/// Reads and patches as Talos of that line does; every problem names its attribute.
pub fn desired(model: &MachineApply, line: Line) -> Result<Desired, Diagnostics> {
    let (attribute, field) = source(model);
    let text = match field {
        Field::Unknown => return Ok(Desired::Unknown),
        Field::Null => return Err(missing()),
        Field::Known(text) => text.expose(),
    };
    if is_placeholder_text(text) {
        return Ok(Desired::Placeholder(attribute));
    }
    let text = config_text::unpack(text).map_err(|error| invalid(attribute, &error.to_string()))?;
    if text.starts_with(PLACEHOLDER_MARK) {
        return Ok(Desired::Placeholder(attribute));
    }
    let mut config =
        Config::load(&text, line).map_err(|error| invalid(attribute, &error.to_string()))?;
    let patches = match patch_texts::load(&model.config_patches, PATCHES, line)? {
        Patches::Known(patches) => patches,
        Patches::Unknown => return Ok(Desired::Unknown),
        Patches::Placeholder => return Ok(Desired::Placeholder(PATCHES)),
    };
    config
        .apply_patches(&patches)
        .map_err(|error| patch_texts::refused(PATCHES, error.patch, &error.to_string()))?;
    Ok(Desired::Config(Box::new(config)))
}

const PATCHES: &str = "config_patches";

/// The attribute that holds the configuration.
pub fn source(model: &MachineApply) -> (&'static str, &Field<Secret<String>>) {
    if model.machine_configuration_wo.is_null() {
        ("machine_configuration", &model.machine_configuration)
    } else {
        ("machine_configuration_wo", &model.machine_configuration_wo)
    }
}

fn missing() -> Diagnostics {
    Diagnostic::error(
        "TS-INPUT-MISSING: there is no machine configuration",
        "Set `machine_configuration` or `machine_configuration_wo`.",
    )
    .at("machine_configuration")
    .into()
}

fn invalid(attribute: &'static str, reason: &str) -> Diagnostics {
    Diagnostic::error(
        "TS-CONFIG-INVALID: the machine configuration is not valid",
        format!("{reason}\n\nNothing was changed. Correct it and plan again."),
    )
    .at(attribute)
    .into()
}
