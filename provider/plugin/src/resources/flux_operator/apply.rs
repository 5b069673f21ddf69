//! Brings the set into the cluster: whose it is, then object by object, then what left the set, then the wait.

use std::collections::BTreeMap;

use framework::prelude::*;
use kubernetes::{Code, Id, Mode, Owner, owner};
use serde_json::Value;

use super::FluxOperatorResource;
use super::destroy::living_instance;
use super::model::FluxOperator;
use super::plan::{Private, about, placeholder};
use super::render::{deployment_id, render, texts};
use super::resource::{describe, job};
use super::source::{Manifests, manifests};
use crate::shared::change::text_map;
use crate::shared::cluster_job;
use crate::shared::helm::Release;
use crate::shared::placeholder::refuse_placeholder;
use crate::shared::{kubernetes as operation, packed};

/// What one operation works with.
pub type Job<'a> = cluster_job::Job<'a, FluxOperatorResource>;
type Progress<'s> = cluster_job::Progress<'s, FluxOperatorResource>;

/// Create and update.
pub async fn bring(
    cx: &ApplyCx<FluxOperatorResource>,
    prior: Option<&FluxOperator>,
    planned: FluxOperator,
    private: Private,
    slot: &mut Slot<FluxOperatorResource>,
) -> Result<(), Error> {
    if let Some(attribute) = placeholder(&planned) {
        return Err(refuse_placeholder(&about(&planned), attribute));
    }
    let job = job(cx, &planned, &private.cluster).await?;
    let wanted = wanted(&job, &planned, prior.is_some()).await?;
    let (state, private) = begin(&job, prior, planned, &private, &wanted);
    let mut progress = Progress {
        state,
        private,
        slot,
    };
    write(&job, &wanted, &mut progress).await?;
    operation::pass_warnings(&job.client, &job.about, progress.slot);
    tidy(&job, &wanted, &mut progress.state).await?;
    finish(&job, progress).await
}

/// What is to be there, and how it comes about.
struct Wanted {
    manifests: Manifests,
    /// Labels by which the live Deployment finds its pods.
    selector: BTreeMap<String, String>,
    objects: Vec<(Id, Value)>,
    /// Set where what is there is taken over; the release of Helm that it comes from.
    adopted: Option<Option<Release>>,
    /// Something counts on the operator: it must not be destroyed and made again.
    needed: bool,
}

impl Wanted {
    fn has(&self, name: &str) -> bool {
        self.objects.iter().any(|(id, _)| id.to_string() == name)
    }
}

/// Reads the manifests, and looks whose the operator is that is there. Writes nothing.
async fn wanted(job: &Job<'_>, planned: &FluxOperator, known: bool) -> Result<Wanted, Error> {
    let failed = |error: kubernetes::Error| job.error(&error);
    job.cx.phase("reading the manifests");
    let manifests = manifests(planned, &job.about, &job.calls).await?;
    let deployment = deployment_id(planned.namespace.text());
    let live = job.client.find(&job.calls, &deployment).await;
    let live = live.map_err(failed)?;
    let adopted = adoption(job, planned, live.as_ref(), known)?;
    let selector = selector(live.as_ref());
    let objects = render(&manifests.objects, planned, &selector)
        .map_err(|unfit| Error::from(unfit.diagnostic(&job.about)))?;
    let named = objects
        .into_iter()
        .map(|object| Ok((Id::of(&object)?, object)));
    let objects = named.collect::<kubernetes::Result<_>>().map_err(failed)?;
    let needed = live.is_some() || !matches!(living_instance(job).await, Ok(None));
    Ok(Wanted {
        manifests,
        selector,
        objects,
        adopted,
        needed,
    })
}

/// State and private state before the first object is written: what was applied before, and nothing that is only hoped for.
fn begin(
    job: &Job<'_>,
    prior: Option<&FluxOperator>,
    planned: FluxOperator,
    private: &Private,
    wanted: &Wanted,
) -> (FluxOperator, Private) {
    let mut state = planned;
    if state.changes.is_unknown() {
        let before = prior.and_then(|prior| {
            let published: Vec<Value> = packed::unpack(&private.manifests)?;
            render(&published, prior, &private.selector).ok()
        });
        let after: Vec<Value> = wanted.objects.iter().map(|(_, one)| one.clone()).collect();
        state.changes = text_map(operation::between(&before.unwrap_or_default(), &after));
    }
    let inventory = prior.map(|prior| texts(&prior.inventory));
    state.inventory = text_map(inventory.unwrap_or_default());
    state.artifact_digest = wanted.manifests.digest.as_str().into();
    state.ready = Field::Known(false);
    (state.image, state.installed_version) = (Field::Null, Field::Null);
    let private = Private {
        cluster: job.cluster.clone(),
        manifests: packed::pack(&wanted.manifests.objects),
        selector: wanted.selector.clone(),
        unfinished: true,
        ..Private::default()
    };
    (state, private)
}

/// Applies object by object; each is in state as soon as it is there.
async fn write(job: &Job<'_>, wanted: &Wanted, progress: &mut Progress<'_>) -> Result<(), Error> {
    for (id, object) in &wanted.objects {
        job.cx.phase(format!("applying {id}"));
        let mode = if wanted.adopted.is_some() || is_shared(id) {
            Mode::Force
        } else {
            Mode::Careful
        };
        let applied = job.client.settle(&job.calls, object, mode).await;
        applied.map_err(|error| job.error(&error))?;
        let mut inventory = texts(&progress.state.inventory);
        inventory.insert(id.to_string(), id.api_version.clone());
        progress.state.inventory = text_map(inventory);
        progress.record();
        if wanted.needed {
            // A failure must not taint it; the next update goes on.
            progress.slot.irreversible();
        }
    }
    Ok(())
}

/// Takes away what left the set, then Helm's marks and its release.
async fn tidy(job: &Job<'_>, wanted: &Wanted, state: &mut FluxOperator) -> Result<(), Error> {
    let (kept, left): (BTreeMap<_, _>, BTreeMap<_, _>) = texts(&state.inventory)
        .into_iter()
        .partition(|(name, _)| wanted.has(name));
    prune(job, &left).await?;
    state.inventory = text_map(kept);
    let Some(Some(release)) = &wanted.adopted else {
        return Ok(());
    };
    let ids: Vec<Id> = wanted.objects.iter().map(|(id, _)| id.clone()).collect();
    let last = deployment_id(state.namespace.text());
    let forgotten = release.forget(&job.client, &job.calls, &ids, &last).await;
    forgotten.map_err(|error| job.error(&error))
}

/// Waits, and records what came of it.
async fn finish(job: &Job<'_>, mut progress: Progress<'_>) -> Result<(), Error> {
    let failed = |error: kubernetes::Error| job.error(&error);
    let id = deployment_id(progress.state.namespace.text());
    let seen = job.client.find(&job.calls, &id).await.map_err(failed)?;
    if let Some(deployment) = seen {
        describe(&mut progress.state, &deployment);
    }
    progress.record();
    if progress.state.wait.get() == Some(&true) {
        let phase = |missing: String| job.cx.phase(format!("{id}: {missing}"));
        let done = job.client.rolled_out(&job.calls, &id, phase).await;
        let done = done.map_err(|error| {
            // Nobody said that it cannot work: the next apply goes on waiting, and nothing is taken away before.
            if error.code.is_silence() || error.code == Code::Cancelled || job.calls.is_over() {
                progress.slot.irreversible();
            }
            job.error(&error)
        })?;
        describe(&mut progress.state, &done);
    }
    progress.private.unfinished = false;
    progress.record();
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
