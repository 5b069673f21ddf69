//! Adoption: of a schematic by its id, and of state of another provider.

use framework::prelude::*;
use serde_json::Value as Json;
use talos_config::schematic::Schematic;

use super::document::attributes;
use super::model::ImageSchematic;
use super::plan::describe;
use crate::shared::image_factory::ImageFactory;

/// Digits of an id: SHA-256 in hexadecimal.
const DIGITS: usize = 64;

/// Asks the factory for the document.
pub async fn by_id(
    factory: &ImageFactory,
    factory_url: &str,
    id: &str,
) -> Result<ImageSchematic, Error> {
    if id.len() != DIGITS || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::new(
            format!("TS-IMPORT: {id:?} is not the id of a schematic"),
            "Ids are 64 hexadecimal digits, as the Image Factory shows them.",
        ));
    }
    let Some(text) = factory.schematic(id).await? else {
        return Err(Error::new(
            format!("TS-IMPORT: the Image Factory does not know schematic {id}"),
            format!(
                "Asked {factory_url}. Another factory is set with `image_factory.url` of the provider."
            ),
        ));
    };
    from_text(&text, Some(factory_url))
}

/// State of `talos_image_factory_schematic` of siderolabs/talos: `{ id, schematic }`.
pub fn moved(raw: &Json) -> Result<ImageSchematic, Error> {
    from_text(
        raw.get("schematic")
            .and_then(Json::as_str)
            .unwrap_or_default(),
        None,
    )
}

fn from_text(text: &str, factory_url: Option<&str>) -> Result<ImageSchematic, Error> {
    let schematic = Schematic::from_yaml(text).map_err(|error| {
        Error::new(
            "TS-IMPORT: the schematic cannot be read",
            format!("{error}."),
        )
    })?;
    let mut model = attributes(text, &schematic);
    describe(factory_url, &mut model)?;
    Ok(model)
}
