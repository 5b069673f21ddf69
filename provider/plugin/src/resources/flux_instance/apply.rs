//! Brings the instance into the cluster: operator, secrets, instance, wait.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use framework::prelude::*;
use kubernetes::{Client, Code, Cx, Id, Mode, Owner, Sent, flux, owner};
use serde_json::{Value, json};
use talos_config::random::Random as _;

use super::FluxInstanceResource;
use super::model::FluxInstance;
use super::observe::{describe, instance_id, ready, sync_objects};
use super::plan::{Private, about, validate};
use super::secrets::{digest, digests, placeholder, secrets};
use super::{spec, wait};
use crate::shared::access::Unusable;
use crate::shared::entropy::OsRandom;
use crate::shared::helm::Release;
use crate::shared::kubernetes as operation;
use crate::shared::left_behind::Undone;

/// What one operation works with.
pub struct Job<'a> {
    /// Its context.
    pub cx: &'a ApplyCx<FluxInstanceResource>,
    /// For messages.
    pub about: String,
    /// Its limits.
    pub calls: Cx,
    /// The cluster.
    pub client: Client,
    /// The cluster's UID.
    pub cluster: String,
}

impl<'a> Job<'a> {
    /// Reaches the cluster, which must be the one of this UID.
    pub async fn new(
        cx: &'a ApplyCx<FluxInstanceResource>,
        model: &FluxInstance,
        cluster: &str,
    ) -> Result<Self, Undone> {
        let about = about(model);
        let calls = operation::during(cx.remaining(), cx.token());
        let (client, cluster) =
            operation::reach(cx.provider(), &model.kubernetes, &about, &calls, cluster).await?;
        Ok(Self {
            cx,
            about,
            calls,
            client,
            cluster,
        })
    }

    /// An error of the client, about the instance.
    pub fn error(&self, error: &kubernetes::Error) -> Error {
        operation::error(&self.about, error)
    }
}

/// Create and update. `config` alone carries write-only values.
pub async fn bring(
    cx: &ApplyCx<FluxInstanceResource>,
    planned: FluxInstance,
    config: &FluxInstance,
    mut private: Private,
    slot: &mut Slot<FluxInstanceResource>,
) -> Result<(), Error> {
    let about_it = about(&planned);
    if let Some(attribute) = placeholder(config) {
        return Err(Unusable::Placeholder(attribute)
            .diagnostic(&about_it)
            .into());
    }
    // What was not known at plan is now.
    let mut found = Diagnostics::new();
    validate(config, &mut found);
    if found.has_errors() {
        return Err(found.into());
    }
    let job = Job::new(cx, &planned, &private.cluster).await?;
    let namespace = planned.namespace.text().to_owned();
    cx.phase("looking for flux-operator");
    wait::operator(&job.client, &job.calls, &namespace)
        .await
        .map_err(|error| job.error(&error))?;
    let found = settled(&job, &planned).await?;
    let live = found.is_some();
    if live {
        // A failure must not taint, and so uninstall, a Flux that ran before.
        slot.irreversible();
    }
    let object = spec::instance(&planned).map_err(|why| {
        Error::new("TS-INPUT-INVALID: extra_spec is no YAML object", why).at("extra_spec")
    })?;

    private.cluster.clone_from(&job.cluster);
    private.unfinished = true;
    private.drift.clear();
    if private.salt.is_empty() {
        private.salt = salt()?;
    }
    let wanted = secrets(config, &namespace);
    private.supersede(digests(&wanted, &private.salt));

    let mut state = planned.clone();
    // Nothing of it is known before it was looked at.
    blank(&mut state);
    describe(&mut state, &Value::Null, &[]);
    // A secret that may be there is known, so that destroying takes it away whatever comes after.
    let rotated = write_secrets(&job, &planned, &wanted, &private.salt, || {
        slot.set(state.clone());
        slot.private(private.clone());
    })
    .await?;
    let release = found.as_ref().and_then(Release::of);
    let mode = if planned.adopt.text() == "any" || release.is_some() {
        Mode::Force
    } else {
        Mode::Careful
    };
    cx.phase("applying the FluxInstance");
    let applied = job.client.settle(&job.calls, &object, mode).await;
    let applied = applied.map_err(|error| {
        // It may be there: the next apply looks, and nothing is taken away before.
        if error.sent == Sent::Maybe {
            slot.set(state.clone());
            slot.private(private.clone());
            slot.irreversible();
        }
        job.error(&error)
    })?;
    describe(&mut state, &applied, &[]);
    slot.set(state.clone());
    slot.private(private.clone());
    if let Some(release) = release {
        let id = instance_id(&namespace);
        let forgotten = release.forget(&job.client, &job.calls, &[], &id).await;
        forgotten.map_err(|error| job.error(&error))?;
    }
    // Those of others, which held the same, stay.
    let stale = private.stale.iter();
    let stale: Vec<Id> = stale.map(|name| secret_id(&namespace, name)).collect();
    job.client
        .prune(&job.calls, &stale)
        .await
        .map_err(|error| job.error(&error))?;
    private.stale.clear();
    let asked = if rotated && live {
        nudge(&job, &planned)
            .await
            .map_err(|error| job.error(&error))?
    } else {
        String::new()
    };
    finish(&job, state, private, &asked, slot).await
}

/// Waits, and records what came of it.
async fn finish(
    job: &Job<'_>,
    mut state: FluxInstance,
    mut private: Private,
    asked: &str,
    slot: &mut Slot<FluxInstanceResource>,
) -> Result<(), Error> {
    let done = wait::instance(&job.client, &job.calls, &state, asked, |phase| {
        job.cx.phase(phase)
    })
    .await;
    let seen = job
        .client
        .find(
            &job.calls.capped(operation::REACH),
            &instance_id(state.namespace.text()),
        )
        .await;
    if let Ok(Some(instance)) = &seen {
        let sync = sync_objects(&job.client, &job.calls.capped(operation::REACH), &state)
            .await
            .unwrap_or_default();
        describe(&mut state, instance, &sync);
        state.ready = match state.wait.text() {
            "controllers" => done.is_ok().into(),
            _ => ready(&Field::Known(false), instance),
        };
    }
    operation::pass_warnings(&job.client, &job.about, slot);
    private.unfinished = done.is_err();
    slot.set(state);
    slot.private(private);
    done.map(|_| ()).map_err(|error| {
        // Nobody said that it cannot work: the next apply goes on waiting, and nothing is taken away before.
        if error.code.is_silence() || error.code == Code::Cancelled || job.calls.is_over() {
            slot.irreversible();
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
    planned: &FluxInstance,
    wanted: &BTreeMap<String, Value>,
    salt: &str,
    mut record: impl FnMut(),
) -> Result<bool, Error> {
    let failed = |error: kubernetes::Error| job.error(&error);
    let mut written = false;
    for (name, secret) in wanted {
        let id = secret_id(planned.namespace.text(), name);
        let live = job.client.find(&job.calls, &id).await.map_err(failed)?;
        if let Some(live) = &live {
            if digest(live, salt) == digest(secret, salt) {
                continue;
            }
            let owner = owner(live);
            if owner != Owner::Us && planned.adopt.text() != "any" {
                let seen = format!("{id} holds something else and belongs to {owner}");
                return Err(job.error(&kubernetes::Error::new(
                    Code::Owned,
                    "writing the secrets of the sync",
                    seen,
                )));
            }
        }
        job.cx.phase(format!("writing {id}"));
        // Where the answer is lost it may be there; what is not is not missed when it is taken away.
        record();
        job.client
            .settle(&job.calls, secret, Mode::Force)
            .await
            .map_err(failed)?;
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
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
