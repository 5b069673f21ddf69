//! When a kubeconfig is minted anew: an input changed, or the certificate ends soon.

use framework::prelude::*;
use serde::{Deserialize, Serialize};

use super::TalosKubeconfig;

/// What a refresh found that a plan must know and may not look up itself.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Private {
    /// The certificate ends soon.
    pub renew: bool,
}

/// `renew_before` and `ttl` alone mint nothing: they matter when the next certificate is due.
pub fn plan(plan: &mut Plan<TalosKubeconfig>) {
    let Some(prior) = plan.prior.clone() else {
        return;
    };
    if plan.is_destroy() {
        return;
    }
    let renew = std::mem::take(&mut plan.private.renew);
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
