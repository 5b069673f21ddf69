//! `machine_config_merge`: patches over a configuration, as Talos merges them.

use framework::prelude::*;
use talos_config::merge::Patch;

use super::arguments::{self, ConfigText};
use crate::shared::config_text;

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
        let mut text = ConfigText::read(0, &args.config, line)?;
        let mut patches = Vec::with_capacity(args.patches.len());
        for (index, patch) in args.patches.iter().enumerate() {
            let refuse = |reason: String| FunctionError::argument(1, format!("patch {index}: {reason}"));
            let patch = config_text::unpack(patch).map_err(|error| refuse(error.to_string()))?;
            patches.push(Patch::load(&patch, line).map_err(|error| refuse(error.to_string()))?);
        }
        text.config.apply_patches(&patches).map_err(|error| FunctionError::argument(1, error.to_string()))?;
        Ok(text.emit())
    }
}
