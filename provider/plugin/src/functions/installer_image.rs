//! `installer_image`: the installer of a schematic on the public factory.

use framework::prelude::*;
use talos_config::schematic;

use crate::shared::full_version;

/// Parameters.
#[derive(Args)]
pub struct InstallerImageArgs {
    /// Id of the schematic: 64 hexadecimal digits.
    schematic_id: String,
    /// Talos version, such as `v1.12.6`.
    talos_version: String,
    /// Platform of the machines, such as `nocloud` or `metal`.
    platform: String,
}

/// The function.
pub struct InstallerImage;

impl Function for InstallerImage {
    type Args = InstallerImageArgs;
    type Return = String;
    const NAME: &'static str = "installer_image";
    const SUMMARY: &'static str = "Names the installer image of a schematic";
    const DESCRIPTION: &'static str = "Returns the container image with which machines of that platform install and \
        upgrade, on the public Image Factory. For a factory of your own use `talos_image_schematic`.";

    fn call(args: InstallerImageArgs) -> Result<String, FunctionError> {
        if let Some(reason) = full_version::refusal_of_talos(&args.talos_version) {
            return Err(FunctionError::argument(1, reason));
        }
        Ok(schematic::installer_image(
            &args.schematic_id,
            &args.talos_version,
            &args.platform,
        ))
    }
}
