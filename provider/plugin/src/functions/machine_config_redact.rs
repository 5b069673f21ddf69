//! `machine_config_redact`: a configuration that may be shown.

use framework::prelude::*;

use super::arguments::{self, ConfigText};
use crate::shared::line;
use crate::shared::placeholder::stands_in;

/// Parameters.
#[derive(Args)]
pub struct RedactArgs {
    /// Machine configuration: YAML, or base64 of gzip of it as `base64gzip()` makes.
    config: String,
}

/// The function.
pub struct MachineConfigRedact;

impl Function for MachineConfigRedact {
    type Args = RedactArgs;
    type Return = String;
    const NAME: &'static str = "machine_config_redact";
    const SUMMARY: &'static str = "Removes the secrets from a machine configuration";
    const DESCRIPTION: &'static str = "Returns the configuration with every secret replaced by `**REDACTED**`. The \
        result of a sensitive argument is sensitive; wrap it in `nonsensitive()` to print it.";

    fn call(args: RedactArgs) -> Result<String, FunctionError> {
        if stands_in(&args.config) {
            return Ok(args.config);
        }
        let text = line::any(|line| ConfigText::read(0, &args.config, line))?;
        Ok(arguments::mark(text.config.redact(), text.placeholder))
    }
}
