//! What a change of `talos_secrets` does: nothing, a new client certificate, or a refusal.

use framework::prelude::*;
use serde::{Deserialize, Serialize};
use talos_config::contract::Contract;
use talos_config::secrets::Bundle;

use super::TalosSecrets;
use super::model::TalosSecretsModel;
use crate::shared::announce;
use crate::shared::lifetime::Due;
use crate::shared::machine_secrets::MachineSecrets;
use crate::shared::placeholder::is_placeholder_text;

/// What a refresh found that a plan must know and may not look up itself.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Private {
    /// Whether the client certificate is due for renewal.
    pub due: Due,
    /// From one plan call to the next: the object that a replacement would destroy is protected.
    pub protected: bool,
}

/// Contract of a version text, or an error at `talos_version`.
pub fn contract(talos_version: &str) -> Result<Contract, Diagnostic> {
    Contract::parse(talos_version).map_err(|error| {
        Diagnostic::error(
            "TS-INPUT-INVALID: talos_version is not a version",
            format!("{error}. Write it as v1.12.6 or 1.12."),
        )
        .at("talos_version")
    })
}

/// The first attribute that stands in for the output of a stage that has not run.
pub fn placeholder(config: &TalosSecretsModel) -> Option<&'static str> {
    let stands_in = |field: &Field<Secret<String>>| {
        field
            .get()
            .is_some_and(|text| is_placeholder_text(text.expose()))
    };
    if config
        .talos_version
        .as_str()
        .is_some_and(is_placeholder_text)
    {
        Some("talos_version")
    } else if stands_in(&config.secrets_yaml) {
        Some("secrets_yaml")
    } else if stands_in(&config.secrets_yaml_wo) {
        Some("secrets_yaml_wo")
    } else {
        None
    }
}

/// The bundle that the configuration brings along, if any and no placeholder; the attribute it came from is named in errors.
pub fn adopted(config: &TalosSecretsModel) -> Result<Option<Bundle>, Diagnostic> {
    let sources = [
        ("secrets_yaml_wo", &config.secrets_yaml_wo),
        ("secrets_yaml", &config.secrets_yaml),
    ];
    for (attribute, field) in sources {
        if let Some(text) = field
            .get()
            .filter(|text| !is_placeholder_text(text.expose()))
        {
            return parse(text.expose(), attribute).map(Some);
        }
    }
    Ok(None)
}

/// A bundle from text; problems are put down to `attribute`.
pub fn parse(text: &str, attribute: &'static str) -> Result<Bundle, Diagnostic> {
    let refuse = |reason: String| {
        Diagnostic::error(
            "TS-SECRETS-INVALID: the secrets cannot be adopted",
            format!("{reason}.\n\nPass the unchanged file that `talosctl gen secrets` wrote."),
        )
        .at(attribute)
    };
    let bundle = Bundle::from_yaml(text).map_err(|error| refuse(error.to_string()))?;
    match bundle.problems().as_slice() {
        [] => Ok(bundle),
        problems => Err(refuse(problems.join("; "))),
    }
}

/// Decides; called twice by core, so it looks at nothing but its arguments.
pub fn plan(plan: &mut Plan<TalosSecrets>) -> Result<(), Diagnostics> {
    if plan.is_destroy() {
        return refuse_destroy(plan.prior.as_ref());
    }
    if let Some(attribute) = placeholder(&plan.config) {
        plan.warn(
            announce::placeholder("talos_secrets", attribute),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    let given = adopted(&plan.config)?;
    let Some(prior) = plan.prior.clone() else {
        // Core plans a replacement as an update and then a create, which sees the private state of the first.
        plan.private.protected = false;
        return refuse_deletion(plan.prior_private.protected);
    };
    plan.private.protected = is_protected(&prior);
    if let Some(given) = given {
        refuse_other_secrets(&prior, &given)?;
    }
    let margin = &plan.config.client_certificate_renew_before;
    if plan.prior_private.due.under(margin) {
        plan.private.due = Due::default();
        plan.proposed.client_configuration = Field::Unknown;
        plan.proposed.client_certificate_expires_at = Field::Unknown;
        plan.warn(
            format!("TS-CERT-RENEW: {}: a new client certificate will be issued", prior.id.text()),
            format!(
                "The present one ends at {}. The certificate authority and everything else stay as they are.",
                prior.client_certificate_expires_at.text()
            ),
        );
    }
    Ok(())
}

/// Plans of destroy, and the delete of a tainted object, end here.
pub fn refuse_destroy(prior: Option<&TalosSecretsModel>) -> Result<(), Diagnostics> {
    refuse_deletion(prior.is_some_and(is_protected))
}

fn is_protected(prior: &TalosSecretsModel) -> bool {
    prior.deletion_protection.get() != Some(&false)
}

fn refuse_deletion(protected: bool) -> Result<(), Diagnostics> {
    if !protected {
        return Ok(());
    }
    Err(Diagnostic::error(
        "TS-SECRETS-PROTECTED: the cluster's secrets are protected from deletion",
        "Without them nobody can talk to the machines, and a new cluster cannot take over the old one's data.\n\n\
         To delete them all the same, set `deletion_protection = false`, apply, and destroy then. \
         A tainted object becomes whole again with `untaint`.",
    )
    .at("deletion_protection")
    .into())
}

fn refuse_other_secrets(prior: &TalosSecretsModel, given: &Bundle) -> Result<(), Diagnostics> {
    let same =
        MachineSecrets::bundle(&prior.machine_secrets).is_ok_and(|present| &present == given);
    if same {
        return Ok(());
    }
    Err(Diagnostic::error(
        "TS-SECRETS-CHANGE: other secrets than those of this cluster are given",
        format!(
            "State holds the secrets of cluster {}; the configuration brings those of {}. Replacing them would cut off every machine.\n\n\
             Give the same secrets again, or leave the attribute out.",
            prior.cluster_id.text(),
            given.cluster.id
        ),
    )
    .into())
}
