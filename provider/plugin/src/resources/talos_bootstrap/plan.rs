//! What a plan of `talos_bootstrap` says, from configuration and what the refresh saw.

use framework::prelude::*;
use serde::{Deserialize, Serialize};

use super::TalosBootstrap;
use super::describe::had_members;
use super::model::Bootstrap;
use crate::provider::Data;
use crate::shared::access::{self, Unusable};
use crate::shared::announce;

/// What is unfinished: the next plan shows an update that goes on waiting.
#[derive(Serialize, Deserialize, Default, Clone, PartialEq, Eq, Debug)]
#[serde(default)]
pub struct Private {
    /// Something in `wait_for` had not been seen when the last operation ended.
    pub unfinished: bool,
    /// The control plane that was asked to be the first member.
    pub asked: Option<String>,
}

impl Private {
    /// Whether etcd may have to be started once more: the machine that was asked may have lost its power before etcd had
    /// written anything.
    pub fn may_start_anew(&self, state: &Bootstrap) -> Option<&str> {
        self.asked
            .as_deref()
            .filter(|_| self.unfinished && !had_members(state))
    }
}

/// The wait goes on where it was not finished; otherwise nothing moves.
pub fn plan(provider: Option<&Data>, plan: &mut Plan<TalosBootstrap>) {
    if !plan.is_destroy()
        && let Some(attribute) = placeholder(&plan.config, provider)
    {
        plan.warn(
            announce::placeholder("talos_bootstrap", attribute),
            "It comes from a stage that has not been applied. Apply refuses it.",
        );
    }
    let Some(prior) = plan.prior.clone() else {
        return;
    };
    if plan.is_destroy() {
        return plan.warn(
            format!(
                "TS-BOOTSTRAP-KEPT: {}: the cluster stays as it is",
                prior.id.text()
            ),
            "Destroying talos_bootstrap forgets the cluster; it stops nothing and wipes nothing.",
        );
    }
    let resumes = plan.prior_private.unfinished;
    let grows =
        plan.changed(|model| &model.control_planes) || plan.changed(|model| &model.wait_for);
    if resumes {
        plan.touch();
        if let Some(asked) = plan.prior_private.may_start_anew(&prior) {
            plan.warn(
                format!("TS-BOOTSTRAP-ANEW: {asked} has shown no member since its bootstrap"),
                "It is bootstrapped once more, unless a control plane holds a member or data of one.",
            );
        }
    }
    if !resumes && !grows {
        plan.proposed.etcd_members = prior.etcd_members;
        plan.proposed.kubernetes_version = prior.kubernetes_version;
        plan.proposed.cluster_ready = prior.cluster_ready;
    }
    if plan.config.cluster_id.is_known() && plan.changed(|model| &model.cluster_id) {
        plan.error_at(
            "cluster_id",
            "TS-CLUSTER-OTHER: this is another cluster",
            format!(
                "State holds cluster {}; a bootstrap cannot be moved to another one. Correct `cluster_id`, or remove the \
                 resource from state and apply.",
                prior.cluster_id.text()
            ),
        );
    }
}

/// The first attribute that stands in for the output of a stage that has not run.
fn placeholder(config: &Bootstrap, provider: Option<&Data>) -> Option<&'static str> {
    let planes = config.control_planes.get()?;
    if planes.is_empty() {
        return Some("control_planes");
    }
    let addresses = planes
        .values()
        .map(|addresses| access::endpoints(addresses).err());
    let identity = match provider {
        Some(provider) => provider.configured_identity(&config.client_configuration),
        None => access::identity(&config.client_configuration),
    };
    addresses
        .chain([identity.err()])
        .flatten()
        .find_map(|problem| match of_this_resource(problem) {
            Unusable::Placeholder(attribute) => Some(attribute),
            _ => None,
        })
}

/// A machine's addresses are an element of `control_planes` here.
pub fn of_this_resource(problem: Unusable) -> Unusable {
    match problem {
        Unusable::Placeholder("endpoints") => Unusable::Placeholder("control_planes"),
        Unusable::Missing("endpoints") => Unusable::Missing("control_planes"),
        Unusable::Malformed {
            attribute: "endpoints",
            summary,
            detail,
        } => Unusable::Malformed {
            attribute: "control_planes",
            summary,
            detail,
        },
        other => other,
    }
}
