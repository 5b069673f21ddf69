//! Takes the set away: never while a FluxInstance needs the operator, the rights last, definitions and namespace only when asked.

use framework::prelude::*;
use kubernetes::{Code, Id, Owner, flux, owner};
use serde_json::Value;

use super::FluxOperatorResource;
use super::apply::Job;
use super::model::FluxOperator;
use super::plan::about;
use super::resource::{inventory, job};
use crate::shared::kubernetes as operation;

/// Delete.
pub async fn destroy(
    cx: &ApplyCx<FluxOperatorResource>,
    state: &FluxOperator,
    slot: &mut Slot<FluxOperatorResource>,
) -> Result<(), Error> {
    let job = match job(cx, state, &cx.private().cluster).await {
        Ok(job) => job,
        Err(undone) => return undone.end(cx.provider(), &operation::left(&about(state)), slot),
    };
    refuse_while_needed(&job).await?;
    if state.delete_crds.get() == Some(&true) {
        refuse_while_held(&job).await?;
    }
    let mut ids = inventory(state);
    ids.retain(|id| match id.kind.as_str() {
        "CustomResourceDefinition" => state.delete_crds.get() == Some(&true),
        "Namespace" => state.delete_namespace.get() == Some(&true),
        _ => true,
    });
    // The order of applying; it is taken away from the end.
    ids.sort_by_key(rank);
    let mut left = Vec::new();
    for id in ids.iter().rev() {
        cx.phase(format!("deleting {id}"));
        let kept = remove(&job, id).await.map_err(|error| job.error(&error))?;
        left.extend(kept.map(|owner| format!("{id} belongs to {owner}.")));
    }
    if !left.is_empty() {
        slot.warn(
            format!(
                "TS-LEFT-BEHIND: {}: what belongs to others stays",
                job.about
            ),
            left.join("\n"),
        );
    }
    Ok(())
}

/// Takes one object away; gives its owner where it stays because it is not ours.
async fn remove(job: &Job<'_>, id: &Id) -> kubernetes::Result<Option<Owner>> {
    let Some(live) = job.client.find(&job.calls, id).await? else {
        return Ok(None);
    };
    if !goes(id, &live) {
        return Ok(Some(owner(&live)));
    }
    job.client.delete(&job.calls, &live).await?;
    let gone = job.client.gone(&job.calls, &live, |_| async { Ok(()) });
    gone.await.map(|()| None)
}

/// Whether an object is ours to delete. The mark of a FluxInstance on the namespace does not count: none is left by now, and the
/// namespace is deleted only when asked.
pub(super) fn goes(id: &Id, live: &Value) -> bool {
    match owner(live) {
        Owner::Us => true,
        Owner::Flux(who) => id.kind == "Namespace" && who.starts_with("FluxInstance "),
        _ => false,
    }
}

fn rank(id: &Id) -> u8 {
    match id.kind.as_str() {
        "Namespace" => 0,
        "CustomResourceDefinition" => 1,
        "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" => 2,
        "ServiceAccount" => 3,
        "Deployment" => 5,
        _ => 4,
    }
}

/// Without the operator an instance can never be uninstalled: its finalizer would wait for ever.
async fn refuse_while_needed(job: &Job<'_>) -> Result<(), Error> {
    let found = living_instance(job).await;
    let Some(seen) = found.map_err(|error| job.error(&error))? else {
        return Ok(());
    };
    Err(job.error(&kubernetes::Error::new(
        Code::InstanceExists,
        "looking for what needs flux-operator",
        seen,
    )))
}

/// An instance that needs the operator, if there is one.
pub(super) async fn living_instance(job: &Job<'_>) -> kubernetes::Result<Option<String>> {
    let kind = Id::new(flux::API_VERSION, "FluxInstance", "", "");
    let instances = job.client.list(&job.calls, &kind, "").await?;
    Ok(instances.first().map(|instance| {
        let name = |member: &str| instance["metadata"][member].as_str().unwrap_or_default();
        format!("FluxInstance {}/{}", name("namespace"), name("name"))
    }))
}

/// Kinds of the operator whose objects it alone lets go: with the definitions they would be deleted, and never be gone.
const HELD: [&str; 2] = ["ResourceSet", "ResourceSetInputProvider"];

async fn refuse_while_held(job: &Job<'_>) -> Result<(), Error> {
    for kind in HELD {
        let all = Id::new(flux::API_VERSION, kind, "", "");
        let found = job.client.list(&job.calls, &all, "").await;
        let found = found.map_err(|error| job.error(&error))?;
        let held = found
            .iter()
            .find(|object| !object["metadata"]["finalizers"].is_null());
        if let Some(object) = held {
            let name = |member: &str| object["metadata"][member].as_str().unwrap_or_default();
            let seen = format!(
                "{kind} {}/{} has a finalizer that flux-operator alone takes off",
                name("namespace"),
                name("name")
            );
            let error = kubernetes::Error::new(
                Code::Stuck,
                "looking for what the definitions would take with them",
                seen,
            );
            let cure =
                format!("delete the objects of kind {kind} first, or set `delete_crds = false`");
            return Err(job.error(&error.cured_by(cure)));
        }
    }
    Ok(())
}
