//! Everything computed follows from the attributes and the factory's address. Pure.

use framework::prelude::*;
use talos_config::schematic::Assets;

use super::TalosImageSchematic;
use super::document::{Wanted, wanted};
use super::model::ImageSchematic;
use crate::shared::access::Unusable;
use crate::shared::announce;
use crate::shared::full_version;
use crate::shared::placeholder::{is_placeholder_text, stands_in};

/// Refuses what no factory takes.
pub fn validate(config: &ImageSchematic, diagnostics: &mut Diagnostics) {
    let others = [
        ("extensions", config.extensions.is_known()),
        ("kernel_args", config.kernel_args.is_known()),
        ("overlay", config.overlay.is_known()),
        ("meta", config.meta.is_known()),
        ("secure_boot", config.secure_boot.is_known()),
    ];
    if config.schematic_yaml.is_known() {
        for (name, _) in others.into_iter().filter(|(_, known)| *known) {
            diagnostics.error_at(
                name,
                format!("TS-INPUT-CONFLICT: {name} and schematic_yaml are both set"),
                "`schematic_yaml` is the whole document. Move the setting into it, or leave it out.",
            );
        }
    }
    if let Some(version) = config
        .talos_version
        .as_str()
        .filter(|version| !is_placeholder_text(version))
        && let Some(reason) = full_version::refusal_of_talos(version)
    {
        diagnostics.error_at(
            "talos_version",
            "TS-INPUT-INVALID: talos_version is not a full version",
            format!("{reason}."),
        );
    }
    if let Err(problem) = wanted(config) {
        diagnostics.push(problem);
    }
}

/// Decides; called twice by core. `factory` is none where the provider block is not configured yet.
pub fn plan(
    factory: Option<Result<&str, Unusable>>,
    plan: &mut Plan<TalosImageSchematic>,
) -> Result<(), Diagnostics> {
    if plan.is_destroy() {
        return Ok(());
    }
    let of_provider = match factory {
        Some(Err(Unusable::Placeholder(attribute))) => Some(attribute),
        _ => None,
    };
    if let Some(attribute) = placeholder(&plan.config).or(of_provider) {
        plan.warn(
            announce::placeholder("talos_image_schematic", attribute),
            "It comes from a stage that has not been applied; what follows from it is not known. Apply refuses it.",
        );
    }
    let factory_url = factory.and_then(Result::ok);
    describe(factory_url, &mut plan.proposed)?;
    Ok(())
}

/// The first attribute that stands in for the output of a stage that has not run.
pub fn placeholder(model: &ImageSchematic) -> Option<&'static str> {
    let is = |field: &Field<String>| field.as_str().is_some_and(stands_in);
    [
        ("schematic_yaml", &model.schematic_yaml),
        ("talos_version", &model.talos_version),
    ]
    .into_iter()
    .find_map(|(attribute, field)| is(field).then_some(attribute))
}

/// Fills the computed attributes; what depends on an unknown one is unknown.
pub fn describe(factory_url: Option<&str>, model: &mut ImageSchematic) -> Result<(), Diagnostic> {
    let Some(wanted) = wanted(model)? else {
        model.id = Field::Unknown;
        set_addresses(model, &Field::Unknown);
        return Ok(());
    };
    let id = wanted.schematic.id();
    model.id = id.as_str().into();
    let addresses = addresses(factory_url, model, &id, &wanted)?;
    set_addresses(model, &addresses);
    Ok(())
}

struct Addresses {
    installer_image: String,
    iso_url: String,
    disk_image_url: String,
    pxe_url: String,
}

fn addresses(
    factory_url: Option<&str>,
    model: &ImageSchematic,
    id: &str,
    wanted: &Wanted,
) -> Result<Field<Addresses>, Diagnostic> {
    let version = match &model.talos_version {
        Field::Null => return Ok(Field::Null),
        Field::Known(version) if is_placeholder_text(version) => return Ok(Field::Unknown),
        Field::Unknown => return Ok(Field::Unknown),
        Field::Known(version) => version,
    };
    let (Some(factory_url), Some(platform), Some(architecture)) = (
        factory_url,
        model.platform.as_str(),
        model.architecture.as_str(),
    ) else {
        return Ok(Field::Unknown);
    };
    let assets = Assets {
        factory_url,
        schematic_id: id,
        talos_version: version,
        platform,
        architecture,
        secure_boot: wanted.secure_boot,
    };
    let refuse = |error: talos_config::schematic::AssetError| {
        Diagnostic::error(
            "TS-FACTORY-URL: the Image Factory's address is not valid",
            format!("{error}. Correct `image_factory.url` of the provider."),
        )
    };
    Ok(Field::Known(Addresses {
        installer_image: assets.installer_image().map_err(refuse)?,
        iso_url: assets.iso_url(),
        disk_image_url: assets.disk_image_url(),
        pxe_url: assets.pxe_url().map_err(refuse)?,
    }))
}

fn set_addresses(model: &mut ImageSchematic, addresses: &Field<Addresses>) {
    let pick = |of: fn(&Addresses) -> &String| match addresses {
        Field::Null => Field::Null,
        Field::Unknown => Field::Unknown,
        Field::Known(addresses) => Field::Known(of(addresses).clone()),
    };
    model.installer_image = pick(|addresses| &addresses.installer_image);
    model.iso_url = pick(|addresses| &addresses.iso_url);
    model.disk_image_url = pick(|addresses| &addresses.disk_image_url);
    model.pxe_url = pick(|addresses| &addresses.pxe_url);
}
