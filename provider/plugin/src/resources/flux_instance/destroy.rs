//! Takes the instance away: through the operator, which alone can uninstall, or leaving Flux as it is.

use std::time::Duration;

use framework::prelude::*;
use kubernetes::{Code, Id, flux};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::FluxInstanceResource;
use super::apply::Job;
use super::model::FluxInstance;
use super::observe::instance_id;
use super::plan::about;
use super::wait::is_available;
use crate::shared::kubernetes as operation;

/// How long the operator may be away while it uninstalls.
const AWAY: Duration = Duration::from_secs(40);

/// Delete.
pub async fn destroy(
    cx: &ApplyCx<FluxInstanceResource>,
    state: &FluxInstance,
    slot: &mut Slot<FluxInstanceResource>,
) -> Result<(), Error> {
    let how = state.on_destroy.text();
    if how == "forget" {
        slot.warn(
            format!("TS-LEFT-BEHIND: {}: Flux stays as it is", about(state)),
            "`on_destroy` is \"forget\": nothing in the cluster is touched.",
        );
        return Ok(());
    }
    let job = match Job::reach(cx, &state.kubernetes, about(state), &cx.private().cluster).await {
        Ok(job) => job,
        Err(undone) => return undone.end(cx.provider(), &operation::left(&about(state)), slot),
    };
    let id = instance_id(state.namespace.text());
    let live = job
        .client
        .find(&job.calls, &id)
        .await
        .map_err(|error| job.error(&error))?;
    if let Some(live) = live {
        let done = if how == "orphan" {
            orphan(&job, &live).await
        } else {
            uninstall(&job, &live).await
        };
        done.map_err(|error| job.error(&error))?;
    }
    if how == "uninstall" {
        cx.phase("deleting the secrets of the sync");
        // Some may be those of others, which held the same: only ours go.
        let private = cx.private();
        let ids: Vec<Id> = private
            .secrets
            .keys()
            .chain(&private.stale)
            .map(|name| Id::new("v1", "Secret", state.namespace.text(), name))
            .collect();
        job.client
            .prune(&job.calls, &ids)
            .await
            .map_err(|error| job.error(&error))?;
    }
    Ok(())
}

/// The operator uninstalls Flux and then lets the instance go. Without it the instance would wait for ever: that is found out first.
async fn uninstall(job: &Job<'_>, live: &Value) -> kubernetes::Result<()> {
    let namespace = live["metadata"]["namespace"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if live["metadata"]["deletionTimestamp"].is_null() {
        super::wait::operator(&job.client, &job.calls, &namespace).await.map_err(|error| {
            error.cured_by(
                "bring the operator back, or set `on_destroy = \"orphan\"` to leave Flux in the cluster, or `\"forget\"` to touch nothing",
            )
        })?;
    }
    job.cx.phase("deleting the FluxInstance");
    job.client.delete(&job.calls, live).await?;
    let operator = Id::new("apps/v1", "Deployment", &namespace, flux::OPERATOR);
    let mut away: Option<Instant> = None;
    job.client
        .gone(&job.calls, live, |instance| {
            job.cx.phase(format!(
                "Flux is being uninstalled: {}",
                kubernetes::finalizers(&instance)
            ));
            let since = &mut away;
            let begun = *since.get_or_insert_with(Instant::now);
            let operator = operator.clone();
            async move {
                let found = job.client.find(&job.calls, &operator).await?;
                if found.as_ref().is_some_and(is_available) || begun.elapsed() < AWAY {
                    return Ok(());
                }
                let seen = "the FluxInstance waits for flux-operator, which is not there";
                Err(
                    kubernetes::Error::new(Code::Stuck, "waiting until Flux is uninstalled", seen)
                        .cured_by(
                            "apply `flux_operator` again: the deletion goes on by itself then",
                        ),
                )
            }
        })
        .await
}

/// Switched off, the instance goes without uninstalling anything. Where no operator runs, its finalizer guards nothing any more.
async fn orphan(job: &Job<'_>, live: &Value) -> kubernetes::Result<()> {
    let id = Id::of(live)?;
    let off = json!({"metadata": {"annotations": {flux::RECONCILE: "disabled"}}});
    job.client.merge(&job.calls, &id, &off).await?;
    job.client.delete(&job.calls, live).await?;
    let operator = Id::new("apps/v1", "Deployment", &id.namespace, flux::OPERATOR);
    let runs = job
        .client
        .find(&job.calls, &operator)
        .await?
        .as_ref()
        .is_some_and(is_available);
    if !runs && job.client.find(&job.calls, &id).await?.is_some() {
        job.client
            .merge(&job.calls, &id, &json!({"metadata": {"finalizers": null}}))
            .await?;
    }
    job.client
        .gone(&job.calls, live, |_| async { Ok(()) })
        .await
}
