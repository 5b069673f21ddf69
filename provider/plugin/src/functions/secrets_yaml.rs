//! `secrets_yaml`: the secrets of a cluster as `talosctl gen secrets` writes them.

use framework::prelude::*;

use super::arguments;
use crate::shared::machine_secrets::MachineSecrets;
use crate::shared::stand_in;

/// Parameters.
#[derive(Args)]
pub struct SecretsYamlArgs {
    /// Secrets of the cluster, as `talos_secrets.machine_secrets` gives them.
    machine_secrets: Dynamic,
}

/// The function.
pub struct SecretsYaml;

impl Function for SecretsYaml {
    type Args = SecretsYamlArgs;
    type Return = String;
    const NAME: &'static str = "secrets_yaml";
    const SUMMARY: &'static str = "Writes the secrets of a cluster as talosctl does";
    const DESCRIPTION: &'static str = "Returns the text that `talosctl gen secrets` would have written. Placeholder \
        secrets give a text that is marked in its first line.";

    fn call(args: SecretsYamlArgs) -> Result<String, FunctionError> {
        let secrets: MachineSecrets = arguments::object(0, &args.machine_secrets)?;
        let given = stand_in::secrets(&Field::Known(secrets))
            .map_err(|problem| FunctionError::argument(0, problem.reason()))?;
        Ok(arguments::mark(
            given.bundle.to_yaml().expose().to_owned(),
            given.placeholder,
        ))
    }
}
