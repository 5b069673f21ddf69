//! Brings the instance into the cluster: operator, secrets, instance, wait.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use client_core::hex;
use framework::prelude::*;
use kubernetes::{Code, Id, Mode, Owner, Sent, flux, owner};
use serde_json::{Value, json};
use talos_config::random::Random as _;

use super::FluxInstanceResource;
use super::model::FluxInstance;
use super::observe::{describe, instance_id, ready, sync_objects};
use super::plan::{Private, about, validate};
use super::secrets::{digest, digests, placeholder, secrets};
use super::{spec, wait};
use crate::shared::cluster_job;
use crate::shared::entropy::OsRandom;
use crate::shared::helm::Release;
use crate::shared::kubernetes as operation;
use crate::shared::placeholder::refuse_placeholder;

/// What one operation works with.
pub type Job<'a> = cluster_job::Job<'a, FluxInstanceResource>;
type Progress<'s> = cluster_job::Progress<'s, FluxInstanceResource>;

/// Create and update. `config` alone carries write-only values.
pub async fn bring(
    cx: &ApplyCx<FluxInstanceResource>,
    planned: FluxInstance,
    config: &FluxInstance,
    private: Private,
    slot: &mut Slot<FluxInstanceResource>,
) -> Result<(), Error> {
    refuse(&planned, config)?;
    let job = Job::reach(cx, &planned.kubernetes, about(&planned), &private.cluster).await?;
    cx.phase("looking for flux-operator");
    wait::operator(&job.client, &job.calls, planned.namespace.text())
        .await
        .map_err(|error| job.error(&error))?;
    let live = settled(&job, &planned).await?;
    if live.is_some() {
        // A failure must not taint, and so uninstall, a Flux that ran before.
        slot.irreversible();
    }
    let object = spec::instance(&planned).map_err(|why| {
        Error::new("TS-INPUT-INVALID: extra_spec is no YAML object", why).at("extra_spec")
    })?;
    let wanted = secrets(config, planned.namespace.text());
    let (state, private) = begin(&job, planned, private, &wanted)?;
    let mut progress = Progress {
        state,
        private,
        slot,
    };
    let rotated = write_secrets(&job, &wanted, &mut progress).await?;
    let release = live.as_ref().and_then(Release::of);
    write_instance(&job, &object, release.as_ref(), &mut progress).await?;
    sweep(&job, release.as_ref(), &mut progress).await?;
    let asked = if rotated && live.is_some() {
        let asked = nudge(&job, &progress.state).await;
        asked.map_err(|error| job.error(&error))?
    } else {
        String::new()
    };
    finish(&job, &asked, progress).await
}

/// Refuses what was not known at plan and is wrong.
fn refuse(planned: &FluxInstance, config: &FluxInstance) -> Result<(), Error> {
    if let Some(attribute) = placeholder(config) {
        return Err(refuse_placeholder(&about(planned), attribute));
    }
    let mut found = Diagnostics::new();
    validate(config, &mut found);
    if found.has_errors() {
        return Err(found.into());
    }
    Ok(())
}

/// State and private state before anything is written: nothing of the instance is known before it was looked at.
fn begin(
    job: &Job<'_>,
    planned: FluxInstance,
    mut private: Private,
    wanted: &BTreeMap<String, Value>,
) -> Result<(FluxInstance, Private), Error> {
    private.cluster.clone_from(&job.cluster);
    private.unfinished = true;
    private.drift.clear();
    if private.salt.is_empty() {
        private.salt = salt()?;
    }
    private.supersede(digests(wanted, &private.salt));
    let mut state = planned;
    blank(&mut state);
    describe(&mut state, &Value::Null, &[]);
    Ok((state, private))
}

/// Applies the instance, and records it; also where the answer is lost, for the next apply to look.
async fn write_instance(
    job: &Job<'_>,
    object: &Value,
    release: Option<&Release>,
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    let mode = if progress.state.adopt.text() == "any" || release.is_some() {
        Mode::Force
    } else {
        Mode::Careful
    };
    job.cx.phase("applying the FluxInstance");
    match job.client.settle(&job.calls, object, mode).await {
        Ok(applied) => {
            describe(&mut progress.state, &applied, &[]);
            progress.record();
            Ok(())
        }
        Err(error) => {
            if error.sent == Sent::Maybe {
                // It may be there: nothing is taken away before somebody looked.
                progress.record();
                progress.slot.irreversible();
            }
            Err(job.error(&error))
        }
    }
}

/// Takes away the release of Helm that the instance comes from, and the secrets that the sync used before. Those of others, which held
/// the same, stay.
async fn sweep(
    job: &Job<'_>,
    release: Option<&Release>,
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    let namespace = progress.state.namespace.text();
    if let Some(release) = release {
        let id = instance_id(namespace);
        let forgotten = release.forget(&job.client, &job.calls, &[], &id).await;
        forgotten.map_err(|error| job.error(&error))?;
    }
    let stale = progress.private.stale.iter();
    let stale: Vec<Id> = stale.map(|name| secret_id(namespace, name)).collect();
    let pruned = job.client.prune(&job.calls, &stale).await;
    pruned.map_err(|error| job.error(&error))?;
    progress.private.stale.clear();
    Ok(())
}

/// Waits, and records what came of it.
async fn finish(job: &Job<'_>, asked: &str, mut progress: Progress<'_>) -> Result<(), Error> {
    let state = &mut progress.state;
    let phase = |phase: String| job.cx.phase(phase);
    let done = wait::instance(&job.client, &job.calls, state, asked, phase).await;
    let soon = job.calls.capped(operation::REACH);
    let id = instance_id(state.namespace.text());
    if let Ok(Some(instance)) = &job.client.find(&soon, &id).await {
        let soon = job.calls.capped(operation::REACH);
        let sync = sync_objects(&job.client, &soon, state).await;
        describe(state, instance, &sync.unwrap_or_default());
        state.ready = match state.wait.text() {
            "controllers" => done.is_ok().into(),
            _ => ready(&Field::Known(false), instance),
        };
    }
    operation::pass_warnings(&job.client, &job.about, progress.slot);
    progress.private.unfinished = done.is_err();
    progress.record();
    done.map(|_| ()).map_err(|error| {
        if job.is_undecided(&error) {
            // Nothing is taken away before.
            progress.slot.irreversible();
        }
        job.error(&error)
    })
}

fn blank(state: &mut FluxInstance) {
    state.ready = Field::Known(false);
    for field in [
        &mut state.revision,
        &mut state.installed_version,
        &mut state.sync_revision,
    ] {
        *field = Field::Null;
    }
}

/// The instance that is there, where it is ours or may be taken over; one that is being deleted is waited out.
async fn settled(job: &Job<'_>, planned: &FluxInstance) -> Result<Option<Value>, Error> {
    let id = instance_id(planned.namespace.text());
    let failed = |error: kubernetes::Error| job.error(&error);
    let Some(live) = job.client.find(&job.calls, &id).await.map_err(failed)? else {
        return Ok(None);
    };
    if !live["metadata"]["deletionTimestamp"].is_null() {
        job.cx
            .phase("waiting until the former FluxInstance is gone");
        job.client
            .gone(&job.calls, &live, |_| async { Ok(()) })
            .await
            .map_err(failed)?;
        return Ok(None);
    }
    let owner = owner(&live);
    match (&owner, planned.adopt.text()) {
        (Owner::Us, _) | (_, "any") | (Owner::Helm(_), "helm") => return Ok(Some(live)),
        _ => {}
    }
    let error = kubernetes::Error::new(
        Code::Owned,
        "applying the FluxInstance",
        format!("{id} belongs to {owner}"),
    );
    Err(job.error(&match owner {
        Owner::Helm(_) => error.cured_by(
            "set `adopt = \"helm\"` to take it over without uninstalling anything, or uninstall the release first",
        ),
        _ => error,
    }))
}

/// Writes what differs, and records before each; whether any did. A secret of somebody else is left alone unless it holds the same.
async fn write_secrets(
    job: &Job<'_>,
    wanted: &BTreeMap<String, Value>,
    progress: &mut Progress<'_>,
) -> Result<bool, Error> {
    let failed = |error: kubernetes::Error| job.error(&error);
    let salt = progress.private.salt.clone();
    let mut written = false;
    for (name, secret) in wanted {
        let id = secret_id(progress.state.namespace.text(), name);
        let live = job.client.find(&job.calls, &id).await.map_err(failed)?;
        if let Some(live) = &live {
            if digest(live, &salt) == digest(secret, &salt) {
                continue;
            }
            let owner = owner(live);
            if owner != Owner::Us && progress.state.adopt.text() != "any" {
                let seen = format!("{id} holds something else and belongs to {owner}");
                let attempted = "writing the secrets of the sync";
                return Err(failed(kubernetes::Error::new(Code::Owned, attempted, seen)));
            }
        }
        job.cx.phase(format!("writing {id}"));
        // Where the answer is lost it may be there; what is not is not missed when it is taken away.
        progress.record();
        let applied = job.client.settle(&job.calls, secret, Mode::Force).await;
        applied.map_err(failed)?;
        written = true;
    }
    Ok(written)
}

fn secret_id(namespace: &str, name: &str) -> Id {
    Id::new("v1", "Secret", namespace, name)
}

/// Asks source, Kustomization and instance to look again: another secret alone moves none of them. Returns the request.
async fn nudge(job: &Job<'_>, planned: &FluxInstance) -> kubernetes::Result<String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let asked = now.to_string();
    let patch = json!({"metadata": {"annotations": {flux::REQUESTED_AT: asked.clone()}}});
    for object in sync_objects(&job.client, &job.calls, planned).await? {
        job.client
            .merge(&job.calls, &Id::of(&object)?, &patch)
            .await?;
    }
    job.client
        .merge(&job.calls, &instance_id(planned.namespace.text()), &patch)
        .await?;
    Ok(asked)
}

/// A key for digests, of this object alone.
fn salt() -> Result<String, Error> {
    let mut bytes = [0; 16];
    OsRandom::new()?.fill(&mut bytes);
    Ok(hex(bytes))
}
