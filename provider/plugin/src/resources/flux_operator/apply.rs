//! Brings the set into the cluster: whose it is, then object by object, then what left the set, then the wait.

use std::collections::BTreeMap;

use framework::prelude::*;
use kubernetes::{Client, Code, Cx, Id, Mode, Owner, owner};
use serde_json::Value;

use super::FluxOperatorResource;
use super::model::FluxOperator;
use super::plan::{Private, about, between, placeholder};
use super::render::{deployment_id, render, texts};
use super::resource::{describe, job};
use super::source::manifests;
use crate::shared::change::text_map;
use crate::shared::helm::Release;
use crate::shared::proxmox::refuse_placeholder;
use crate::shared::{kubernetes as operation, packed};

/// What one operation works with.
pub struct Job<'a> {
    /// Its context.
    pub cx: &'a ApplyCx<FluxOperatorResource>,
    /// For messages.
    pub about: String,
    /// Its limits.
    pub calls: Cx,
    /// The cluster.
    pub client: Client,
    /// The cluster's UID.
    pub cluster: String,
}

impl Job<'_> {
    /// An error of the client, about the operator.
    pub fn error(&self, error: &kubernetes::Error) -> Error {
        operation::error(&self.about, error)
    }
}

/// Create and update.
pub async fn bring(
    cx: &ApplyCx<FluxOperatorResource>,
    prior: Option<&FluxOperator>,
    planned: FluxOperator,
    mut private: Private,
    slot: &mut Slot<FluxOperatorResource>,
) -> Result<(), Error> {
    if let Some(attribute) = placeholder(&planned) {
        return Err(refuse_placeholder(&about(&planned), attribute));
    }
    let job = job(cx, &planned, &private.cluster).await?;
    cx.phase("reading the manifests");
    let manifests = manifests(&planned, &job.about, &job.calls).await?;
    let live = job
        .client
        .find(&job.calls, &deployment_id(planned.namespace.text()))
        .await;
    let live = live.map_err(|error| job.error(&error))?;
    let adopted = adoption(&job, &planned, live.as_ref(), prior.is_some())?;
    let selector = selector(live.as_ref());
    let objects = render(&manifests.objects, &planned, &selector)
        .map_err(|unfit| Error::from(unfit.diagnostic(&job.about)))?;

    let mut state = planned.clone();
    let before: Option<Vec<Value>> = prior.and_then(|prior| {
        let published: Vec<Value> = packed::unpack(&private.manifests)?;
        render(&published, prior, &private.selector).ok()
    });
    if state.changes.is_unknown() {
        state.changes = text_map(between(&before.unwrap_or_default(), &objects));
    }
    let mut inventory = prior
        .map(|prior| texts(&prior.inventory))
        .unwrap_or_default();
    let old = inventory.clone();
    private = Private {
        cluster: job.cluster.clone(),
        manifests: packed::pack(&manifests.objects),
        selector,
        unfinished: true,
        ..Private::default()
    };
    state.artifact_digest = manifests.digest.into();
    state.ready = Field::Known(false);
    for field in [&mut state.image, &mut state.installed_version] {
        *field = Field::Null;
    }
    for object in &objects {
        let id = Id::of(object).map_err(|error| job.error(&error))?;
        cx.phase(format!("applying {id}"));
        let mode = if adopted.is_some() || is_shared(&id) {
            Mode::Force
        } else {
            Mode::Careful
        };
        job.client
            .settle(&job.calls, object, mode)
            .await
            .map_err(|error| job.error(&error))?;
        inventory.insert(id.to_string(), id.api_version.clone());
        state.inventory = text_map(inventory.clone());
        slot.set(state.clone());
        slot.private(private.clone());
        // A failure must not taint it: while a FluxInstance lives it cannot be destroyed and made again. The next update goes on.
        slot.irreversible();
    }
    operation::pass_warnings(&job.client, &job.about, slot);
    let names: Vec<String> = objects
        .iter()
        .filter_map(|object| Some(Id::of(object).ok()?.to_string()))
        .collect();
    let left: BTreeMap<String, String> = old
        .into_iter()
        .filter(|(name, _)| !names.contains(name))
        .collect();
    prune(&job, &left).await?;
    inventory.retain(|name, _| names.contains(name));
    state.inventory = text_map(inventory);
    if let Some(release) = adopted.flatten() {
        let ids: Vec<Id> = objects
            .iter()
            .filter_map(|object| Id::of(object).ok())
            .collect();
        let last = deployment_id(state.namespace.text());
        release
            .forget(&job.client, &job.calls, &ids, &last)
            .await
            .map_err(|error| job.error(&error))?;
    }
    finish(&job, state, private, slot).await
}

/// Waits, and records what came of it.
async fn finish(
    job: &Job<'_>,
    mut state: FluxOperator,
    mut private: Private,
    slot: &mut Slot<FluxOperatorResource>,
) -> Result<(), Error> {
    let id = deployment_id(state.namespace.text());
    let seen = job
        .client
        .find(&job.calls, &id)
        .await
        .map_err(|error| job.error(&error))?;
    if let Some(deployment) = seen {
        describe(&mut state, &deployment);
    }
    slot.set(state.clone());
    slot.private(private.clone());
    if state.wait.get() == Some(&true) {
        let done = job
            .client
            .rolled_out(&job.calls, &id, |missing| {
                job.cx.phase(format!("{id}: {missing}"))
            })
            .await;
        match done {
            Ok(deployment) => describe(&mut state, &deployment),
            Err(error) => return Err(job.error(&error)),
        }
    }
    private.unfinished = false;
    slot.set(state);
    slot.private(private);
    Ok(())
}

/// Definitions and the namespace are shared by whoever installs the operator, and outlive it.
pub(super) fn is_shared(id: &Id) -> bool {
    matches!(id.kind.as_str(), "CustomResourceDefinition" | "Namespace")
}

/// Whether what is there is taken over, and from which Helm release; an error where it must not be.
fn adoption(
    job: &Job<'_>,
    model: &FluxOperator,
    live: Option<&Value>,
    known: bool,
) -> Result<Option<Option<Release>>, Error> {
    let Some(live) = live else {
        return Ok(None);
    };
    let owner = owner(live);
    let allowed = model.adopt.text();
    match (&owner, allowed) {
        // Single fields may belong to others all the same.
        (Owner::Us, "any") => Ok(Some(None)),
        (Owner::Us, _) => Ok(None),
        (Owner::Helm(_), "helm" | "any") => Ok(Some(Release::of(live))),
        (Owner::Others(_), "any") => Ok(Some(None)),
        (Owner::Others(managers), _) if known && managers.is_empty() => Ok(None),
        _ => {
            let cure = match &owner {
                Owner::Helm(_) => {
                    "set `adopt = \"helm\"` to take it over without uninstalling it, or uninstall the release first"
                }
                Owner::Flux(_) => {
                    "leave the operator to Flux and remove this resource, or take it out of what Flux applies"
                }
                _ => "set `adopt = \"any\"` to take it over, or remove it first",
            };
            let seen = format!(
                "the Deployment in {} belongs to {owner}",
                model.namespace.text()
            );
            Err(job.error(
                &kubernetes::Error::new(Code::Owned, "installing flux-operator", seen)
                    .cured_by(cure),
            ))
        }
    }
}

/// Labels by which the live Deployment finds its pods.
fn selector(live: Option<&Value>) -> BTreeMap<String, String> {
    let labels = live.and_then(|live| live["spec"]["selector"]["matchLabels"].as_object());
    let labels = labels.into_iter().flatten();
    labels
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Removes what left the set; definitions and namespaces stay.
async fn prune(job: &Job<'_>, left: &BTreeMap<String, String>) -> Result<(), Error> {
    let ids = left
        .iter()
        .filter_map(|(name, api_version)| Id::parse(api_version, name));
    let ids: Vec<Id> = ids.filter(|id| !is_shared(id)).collect();
    let removed = job.client.prune(&job.calls, &ids).await;
    removed.map(|_| ()).map_err(|error| job.error(&error))
}
