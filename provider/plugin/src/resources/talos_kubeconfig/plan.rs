//! When a kubeconfig is minted anew: an input changed, or the certificate ends soon.

use framework::prelude::*;
use serde::{Deserialize, Serialize};

use super::TalosKubeconfig;
use super::model::Kubeconfig;
use crate::shared::access::Unusable;
use crate::shared::announce;
use crate::shared::lifetime::Due;
use crate::shared::machine_secrets::MachineSecrets;
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};

/// What a refresh found that a plan must know and may not look up itself.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Private {
    /// Whether the client certificate is due for renewal.
    pub due: Due,
}

/// `renew_before` and `ttl` alone mint nothing: they matter when the next certificate is due.
pub fn plan(plan: &mut Plan<TalosKubeconfig>) {
    if plan.is_destroy() {
        return;
    }
    if let Some(attribute) = placeholder(&plan.config) {
        plan.warn(
            announce::placeholder("talos_kubeconfig", attribute),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    let Some(prior) = plan.prior.clone() else {
        return;
    };
    let renew = std::mem::take(&mut plan.private.due).under(&plan.config.renew_before);
    if renew {
        plan.touch();
        plan.warn(
            format!(
                "TS-CERT-RENEW: {}: a new client certificate will be issued",
                prior.id.text()
            ),
            format!("The present one ends at {}.", prior.expires_at.text()),
        );
    }
    let minted_anew = renew
        || plan.changed(|model| &model.cluster_name)
        || plan.changed(|model| &model.cluster_endpoint)
        || plan.changed(|model| &model.machine_secrets)
        || plan.changed(|model| &model.user)
        || plan.changed(|model| &model.organizations);
    if !minted_anew {
        plan.proposed.kubeconfig = prior.kubeconfig;
        plan.proposed.kubernetes_client_configuration = prior.kubernetes_client_configuration;
        plan.proposed.expires_at = prior.expires_at;
    } else if plan.changed(|model| &model.cluster_name) || plan.changed(|model| &model.user) {
        plan.proposed.id = Field::Unknown;
    }
}

/// The first attribute that stands in for the output of a stage that has not run.
pub fn placeholder(model: &Kubeconfig) -> Option<&'static str> {
    let (name, endpoint) = (&model.cluster_name, &model.cluster_endpoint);
    if name.as_str().is_some_and(is_placeholder_text) {
        return Some("cluster_name");
    }
    if endpoint.as_str().is_some_and(is_placeholder_host) {
        return Some("cluster_endpoint");
    }
    match MachineSecrets::bundle(&model.machine_secrets) {
        Err(Unusable::Placeholder(attribute)) => Some(attribute),
        _ => None,
    }
}
