//! `machine_config_merge`: patches over a configuration, as Talos merges them.

use framework::prelude::*;

use super::arguments::{self, ConfigText};
use crate::shared::patch_texts;
use crate::shared::placeholder::stands_in;

/// Parameters.
#[derive(Args)]
pub struct MergeArgs {
    /// Machine configuration: YAML, or base64 of gzip of it as `base64gzip()` makes.
    config: String,
    /// Strategic-merge or JSON patches, applied in order; each YAML, or base64 of gzip of it.
    patches: Vec<String>,
    /// Talos version whose rules apply, such as `v1.12.6`.
    talos_version: String,
}

/// The function.
pub struct MachineConfigMerge;

impl Function for MachineConfigMerge {
    type Args = MergeArgs;
    type Return = String;
    const NAME: &'static str = "machine_config_merge";
    const SUMMARY: &'static str = "Applies patches to a machine configuration";
    const DESCRIPTION: &'static str = "Returns the configuration with all patches applied, as Talos of that version \
        would write it without comments. A patch that cannot be read or applied is an error that names the patch, \
        the document and the path.";

    fn call(args: MergeArgs) -> Result<String, FunctionError> {
        let line = arguments::line(2, &args.talos_version)?;
        if stands_in(&args.config) {
            return Ok(args.config);
        }
        let mut text = ConfigText::read(0, &args.config, line)?;
        let refuse = |index: usize, reason: &str| {
            FunctionError::argument(1, format!("patch {index} (counted from 0): {reason}"))
        };
        let (mut patches, mut places) = (Vec::new(), Vec::new());
        for (index, patch) in args.patches.iter().enumerate() {
            if stands_in(patch) {
                text.placeholder = true;
                continue;
            }
            let read = patch_texts::read(patch, line).map_err(|reason| refuse(index, &reason))?;
            if let Some(patch) = read {
                patches.push(patch);
                places.push(index);
            }
        }
        // All at once: neighbouring JSON patches are one to Talos.
        text.config.apply_patches(&patches).map_err(|error| {
            let index = places.get(error.patch).copied().unwrap_or_default();
            refuse(index, &patch_texts::fault(&error))
        })?;
        Ok(text.emit())
    }
}
