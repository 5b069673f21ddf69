//! Brings the objects into the cluster, one after the other: whose it is, what is missing, what is to be kept.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::prelude::*;
use kubernetes::{Backoff, Client, Code, Cx, Id, Mode, Owner, Readiness, owner, readiness};
use serde_json::Value;

use super::TalosBootstrapManifests;
use super::model::BootstrapManifests;
use super::plan::{ABOUT, Private, objects, placeholder, states, stays};
use crate::shared::cluster_job;
use crate::shared::kubernetes as operation;
use crate::shared::placeholder::refuse_placeholder;

type Job<'a> = cluster_job::Job<'a, TalosBootstrapManifests>;
type Progress<'s> = cluster_job::Progress<'s, TalosBootstrapManifests>;

/// Longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Create and update.
pub async fn bring(
    cx: &ApplyCx<TalosBootstrapManifests>,
    planned: BootstrapManifests,
    mut private: Private,
    slot: &mut Slot<TalosBootstrapManifests>,
) -> Result<(), Error> {
    if let Some(name) = placeholder(&planned) {
        return Err(refuse_placeholder(ABOUT, &format!("manifests.{name}")));
    }
    let about = ABOUT.to_owned();
    let job = Job::reach(cx, &planned.kubernetes, about, &private.cluster).await?;
    let failed = |error: kubernetes::Error| job.error(&error);
    let wanted = objects(&planned).map_err(failed)?;
    private.cluster.clone_from(&job.cluster);
    private.unfinished = true;
    private.drift.clear();
    let mut state = planned;
    state.id = job.cluster.as_str().into();
    let found = find_all(&job.client, &job.calls, &wanted).await;
    let found = found.map_err(failed)?;
    let mut progress = Progress {
        state,
        private,
        slot,
    };
    if must_stop(&found, progress.state.handoff.get() == Some(&true)).map_err(failed)? {
        hand_off(progress, &found);
        return Ok(());
    }
    if progress.state.mode.text() == "always" && lived(&found) {
        // A failure must not taint, and so destroy, what was there before.
        progress.slot.irreversible();
    }
    let Some(applied) = write(&job, &wanted, &mut progress).await? else {
        // Somebody came in between.
        hand_off(progress, &found);
        return Ok(());
    };
    operation::pass_warnings(&job.client, ABOUT, progress.slot);
    tidy(&job, &mut progress).await.map_err(failed)?;
    finish(&job, &applied, progress).await
}

/// Applies object by object, and records each; gives those that are to become ready. `None` where one was handed off meanwhile.
async fn write(
    job: &Job<'_>,
    wanted: &[Value],
    progress: &mut Progress<'_>,
) -> Result<Option<Vec<Value>>, Error> {
    let failed = |error: kubernetes::Error| job.error(&error);
    let (client, calls) = (&job.client, &job.calls);
    // What was applied before stays known until all is done: a run that fails must not forget it.
    let mut seen: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut applied = Vec::new();
    progress.state.objects = states(&seen);
    for object in wanted {
        // A kind may have been defined a moment ago.
        let id = place(client, calls, object).await.map_err(failed)?;
        job.cx.phase(format!("applying {id}"));
        let done = one(client, calls, &progress.state, object, &id).await;
        let (what, object) = done.map_err(failed)?;
        if what == "handed_off" {
            return Ok(None);
        }
        seen.insert(id.to_string(), what);
        let version = id.api_version.clone();
        progress.private.versions.insert(id.to_string(), version);
        applied.extend(object);
        progress.state.objects = states(&seen);
        progress.record();
    }
    Ok(Some(applied))
}

/// Takes away what left the set, where the set is kept.
async fn tidy(job: &Job<'_>, progress: &mut Progress<'_>) -> kubernetes::Result<()> {
    let (state, private) = (&progress.state, &mut progress.private);
    let is_applied = |name: &str| {
        state
            .objects
            .get()
            .is_some_and(|all| all.contains_key(name))
    };
    let (kept, left): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut private.versions)
        .into_iter()
        .partition(|(name, _)| is_applied(name));
    private.versions = kept;
    if state.mode.text() != "always" {
        return Ok(());
    }
    let left: Vec<Id> = left
        .iter()
        .filter_map(|(name, version)| Id::parse(version, name))
        .collect();
    remove_ours(&job.client, &job.calls, &left).await
}

/// Waits, and records what came of it.
async fn finish(job: &Job<'_>, applied: &[Value], mut progress: Progress<'_>) -> Result<(), Error> {
    if progress.state.wait.get() == Some(&true) {
        for object in applied {
            let phase = |missing: String| job.cx.phase(missing);
            if let Err(error) = ready(&job.client, &job.calls, object, phase).await {
                if job.is_undecided(&error) {
                    // What was applied is there; taking it away would not help it.
                    progress.slot.irreversible();
                }
                return Err(job.error(&error));
            }
        }
    }
    progress.private.unfinished = false;
    progress.record();
    Ok(())
}

/// Name of an object, with the namespace that it really has; as it is written where its kind is not served yet.
async fn place(client: &Client, calls: &Cx, object: &Value) -> kubernetes::Result<Id> {
    let written = Id::of(object)?;
    Ok(client.placed(calls, &written).await.unwrap_or(written))
}

/// All objects by name, each as it is in the cluster.
pub async fn find_all(
    client: &Client,
    calls: &Cx,
    wanted: &[Value],
) -> kubernetes::Result<Vec<(Id, Option<Value>)>> {
    let mut found = Vec::new();
    for object in wanted {
        let id = place(client, calls, object).await?;
        let live = client.find(calls, &id).await?;
        found.push((id, live));
    }
    Ok(found)
}

/// The first object that Flux or Helm owns, and which of them.
pub fn taken_over(found: &[(Id, Option<Value>)]) -> Option<(&Id, Owner)> {
    found.iter().find_map(|(id, live)| {
        let owner = owner(live.as_ref()?);
        matches!(owner, Owner::Flux(_) | Owner::Helm(_)).then_some((id, owner))
    })
}

/// Whether nothing may be written any more, because Flux or Helm took over; an error where that is not wanted.
pub(super) fn must_stop(found: &[(Id, Option<Value>)], handoff: bool) -> kubernetes::Result<bool> {
    match taken_over(found) {
        None => Ok(false),
        Some(_) if handoff => Ok(true),
        Some((id, owner)) => Err(owned(id, &owner)),
    }
}

fn owned(id: &Id, owner: &Owner) -> kubernetes::Error {
    let seen = format!("{id} belongs to {owner}");
    kubernetes::Error::new(Code::Owned, format!("applying {id}"), seen)
        .cured_by("take the object out of `manifests`, or set `handoff = true`")
}

/// Whether anything was there before that a destruction would take away.
pub(super) fn lived(found: &[(Id, Option<Value>)]) -> bool {
    found.iter().any(|(id, live)| live.is_some() && !stays(id))
}

/// Records that all objects are somebody else's from now on. What we applied before stays known: destroying asks whose it is.
fn hand_off(mut progress: Progress<'_>, found: &[(Id, Option<Value>)]) {
    progress.state.objects = states(&all_handed_off(found));
    progress.private.unfinished = false;
    progress.record();
}

/// Every object as handed off.
pub fn all_handed_off(found: &[(Id, Option<Value>)]) -> BTreeMap<String, &'static str> {
    let names = found.iter().map(|(id, _)| (id.to_string(), "handed_off"));
    names.collect()
}

/// One object: its state, and the object where we applied it.
async fn one(
    client: &Client,
    calls: &Cx,
    model: &BootstrapManifests,
    object: &Value,
    id: &Id,
) -> kubernetes::Result<(&'static str, Option<Value>)> {
    let live = client.find(calls, id).await?;
    let Some(live) = live else {
        let applied = client.settle(calls, object, Mode::Force).await?;
        return Ok(("applied", Some(applied)));
    };
    let owner = owner(&live);
    if matches!(owner, Owner::Flux(_) | Owner::Helm(_)) {
        if model.handoff.get() == Some(&true) {
            return Ok(("handed_off", None));
        }
        return Err(owned(id, &owner));
    }
    if model.mode.text() == "once" {
        let ours = (owner == Owner::Us).then_some(live);
        return Ok(("applied", ours));
    }
    // The plan told what of ours is put back; what somebody else made keeps its owner's fields.
    let mode = match owner {
        Owner::Us => Mode::Force,
        _ => Mode::Careful,
    };
    let applied = client.settle(calls, object, mode).await?;
    Ok(("applied", Some(applied)))
}

/// Deletes what is still ours, definitions and namespaces aside.
pub async fn remove_ours(client: &Client, calls: &Cx, ids: &[Id]) -> kubernetes::Result<()> {
    let ids: Vec<Id> = ids.iter().filter(|id| !stays(id)).cloned().collect();
    client.prune(calls, &ids).await.map(|_| ())
}

/// Waits until an object is as its spec asks for.
async fn ready(
    client: &Client,
    calls: &Cx,
    object: &Value,
    mut tell: impl FnMut(String),
) -> kubernetes::Result<()> {
    let id = Id::of(object)?;
    if id.kind == "Deployment" {
        return client
            .rolled_out(calls, &id, |missing| tell(format!("{id}: {missing}")))
            .await
            .map(|_| ());
    }
    let backoff = Backoff::up_to(PAUSE);
    loop {
        let attempted = format!("waiting until {id} is ready");
        let Some(object) = client.find(calls, &id).await? else {
            return Err(kubernetes::Error::new(
                Code::Gone,
                attempted,
                format!("{id} is not there any more"),
            ));
        };
        let why = match readiness(&object) {
            Readiness::Current => return Ok(()),
            Readiness::Failed(why) => {
                return Err(kubernetes::Error::new(Code::NotReady, attempted, why));
            }
            Readiness::InProgress(why) | Readiness::Terminating(why) => why,
        };
        tell(format!("{id}: {why}"));
        backoff
            .pause(
                calls,
                kubernetes::Error::new(Code::NotReady, attempted, why),
            )
            .await?;
    }
}
