//! `schematic_id`: the Image Factory's id of a schematic, computed here.

use framework::prelude::*;
use talos_config::schematic::Schematic;

use crate::shared::placeholder::stands_in;
use crate::shared::stand_in::MOCK;

/// Parameters.
#[derive(Args)]
pub struct SchematicIdArgs {
    /// Schematic document, as the Image Factory shows it.
    yaml: String,
}

/// The function.
pub struct SchematicId;

impl Function for SchematicId {
    type Args = SchematicIdArgs;
    type Return = String;
    const NAME: &'static str = "schematic_id";
    const SUMMARY: &'static str = "Computes the id of an Image Factory schematic";
    const DESCRIPTION: &'static str = "Returns 64 hexadecimal digits. The factory knows a schematic only after somebody \
        posted it there once; `talos_image_schematic` does that.";

    fn call(args: SchematicIdArgs) -> Result<String, FunctionError> {
        if stands_in(&args.yaml) {
            return Ok(MOCK.to_owned());
        }
        let schematic = Schematic::from_yaml(&args.yaml)
            .map_err(|error| FunctionError::argument(0, error.to_string()))?;
        Ok(schematic.id())
    }
}
