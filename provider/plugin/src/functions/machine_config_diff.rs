//! `machine_config_diff`: what differs between two configurations, by path.

use framework::prelude::*;

use talos_config::diff::diff;

use super::arguments::ConfigText;
use crate::shared::line;
use crate::shared::placeholder::stands_in;

/// Parameters.
#[derive(Args)]
pub struct DiffArgs {
    /// Machine configuration before: YAML, or base64 of gzip of it as `base64gzip()` makes.
    old: String,
    /// Machine configuration after, in the same forms.
    new: String,
}

/// One difference.
#[derive(Model, Clone)]
pub struct Difference {
    /// Document: `v1alpha1`, `Kind` or `Kind/name`.
    #[tf(computed)]
    pub document: Field<String>,
    /// Path within the document, such as `machine.sysctls["net.ipv4.ip_forward"]`; empty for the document as a whole.
    #[tf(computed)]
    pub path: Field<String>,
    /// Value before, text of a scalar or YAML; null where there was none. Secrets are redacted.
    #[tf(computed)]
    pub old: Field<String>,
    /// Value after, text of a scalar or YAML; null where there is none. Secrets are redacted.
    #[tf(computed)]
    pub new: Field<String>,
}

/// The function.
pub struct MachineConfigDiff;

impl Function for MachineConfigDiff {
    type Args = DiffArgs;
    type Return = Vec<Difference>;
    const NAME: &'static str = "machine_config_diff";
    const SUMMARY: &'static str = "Compares two machine configurations";
    const DESCRIPTION: &'static str = "Returns a list of `{ document, path, old, new }`. Items of lists are matched by \
        what identifies them, not by position; comments and order of keys do not count; secrets are redacted.";

    fn call(args: DiffArgs) -> Result<Vec<Difference>, FunctionError> {
        if stands_in(&args.old) || stands_in(&args.new) {
            return Ok(Vec::new());
        }
        // Nobody says which Talos they are for: one line reads both.
        let (old, new) = line::any(|line| {
            let old = ConfigText::read(0, &args.old, line)?.config;
            let new = ConfigText::read(1, &args.new, line)?.config;
            Ok::<_, FunctionError>((old, new))
        })?;
        Ok(diff(&old, &new)
            .differences()
            .iter()
            .cloned()
            .map(difference)
            .collect())
    }
}

fn difference(change: talos_config::diff::Difference) -> Difference {
    Difference {
        document: change.document.into(),
        path: change.path.into(),
        old: change.old.into(),
        new: change.new.into(),
    }
}
