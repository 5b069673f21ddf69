//! `machine_config_validate`: what Talos would say to a configuration.

use framework::prelude::*;
use talos_config::contract::Contract;
use talos_config::document::Config;
use talos_config::validate::{Mode, validate};

use super::arguments;
use crate::shared::placeholder::stands_in;

/// Parameters.
#[derive(Args)]
pub struct ValidateArgs {
    /// Machine configuration: YAML, or base64 of gzip of it as `base64gzip()` makes.
    config: String,
    /// Kind of machine: `metal`, `cloud` or `container`.
    mode: String,
    /// Talos version whose rules apply, such as `v1.12.6`.
    talos_version: String,
}

/// What was found.
#[derive(Model, Clone)]
pub struct Verdict {
    /// Whether Talos would take the configuration.
    #[tf(computed)]
    pub valid: Field<bool>,
    /// Why it would not.
    #[tf(computed)]
    pub errors: Field<Vec<Field<String>>>,
    /// What it would warn of.
    #[tf(computed)]
    pub warnings: Field<Vec<Field<String>>>,
}

/// The function.
pub struct MachineConfigValidate;

impl Function for MachineConfigValidate {
    type Args = ValidateArgs;
    type Return = Verdict;
    const NAME: &'static str = "machine_config_validate";
    const SUMMARY: &'static str = "Checks a machine configuration";
    const DESCRIPTION: &'static str = "Returns `{ valid, errors, warnings }`: what `talosctl validate` of that version \
        would say for a machine of kind `mode`. A configuration that cannot be read at all is invalid, not a failure of \
        the function, so that it can stand in a `check` or a `precondition`.";

    fn call(args: ValidateArgs) -> Result<Verdict, FunctionError> {
        let mode = mode(&args.mode)?;
        let line = arguments::line(2, &args.talos_version)?;
        if stands_in(&args.config) {
            let warning = "The configuration is a placeholder: nothing was checked.";
            return Ok(verdict(Vec::new(), vec![warning.to_owned()]));
        }
        let text = match arguments::unpack(0, &args.config) {
            Ok(text) => text,
            Err(error) => return Ok(verdict(vec![error.text], Vec::new())),
        };
        Ok(match Config::load(&text, line) {
            Err(error) => verdict(vec![error.to_string()], Vec::new()),
            Ok(config) => {
                let mut report = validate(&config, mode);
                let contract = Contract::parse(&args.talos_version).ok();
                report.warnings.extend(contract.and_then(Contract::warning));
                verdict(report.errors, report.warnings)
            }
        })
    }
}

fn mode(text: &str) -> Result<Mode, FunctionError> {
    match text {
        "metal" => Ok(Mode::Metal),
        "cloud" => Ok(Mode::Cloud),
        "container" => Ok(Mode::Container),
        other => Err(FunctionError::argument(
            1,
            format!("{other:?} is not a kind of machine; use metal, cloud or container"),
        )),
    }
}

fn verdict(errors: Vec<String>, warnings: Vec<String>) -> Verdict {
    let texts = |list: Vec<String>| Field::Known(list.into_iter().map(Field::Known).collect());
    Verdict {
        valid: Field::Known(errors.is_empty()),
        errors: texts(errors),
        warnings: texts(warnings),
    }
}
