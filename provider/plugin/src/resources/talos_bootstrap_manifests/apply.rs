//! Brings the objects into the cluster, one after the other: whose it is, what is missing, what is to be kept.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::prelude::*;
use kubernetes::{Backoff, Client, Code, Cx, Id, Mode, Owner, Readiness, owner, readiness};
use serde_json::Value;

use super::TalosBootstrapManifests;
use super::model::BootstrapManifests;
use super::plan::{ABOUT, Private, objects, placeholder, states, stays};
use crate::shared::kubernetes as operation;

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
        return Err(crate::shared::proxmox::refuse_placeholder(
            ABOUT,
            &format!("manifests.{name}"),
        ));
    }
    let failed = |error: kubernetes::Error| operation::error(ABOUT, &error);
    let calls = operation::during(cx.remaining(), cx.token());
    let (client, cluster) = operation::reach(
        cx.provider(),
        &planned.kubernetes,
        ABOUT,
        &calls,
        &private.cluster,
    )
    .await?;
    let wanted = objects(&planned).map_err(failed)?;
    private.cluster.clone_from(&cluster);
    private.unfinished = true;
    private.drift.clear();
    let mut state = planned;
    state.id = cluster.into();
    // What was applied before stays known until all is done: a run that fails must not forget it.
    let mut seen: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut applied = Vec::new();
    for object in &wanted {
        let id = client
            .placed(&calls, &Id::of(object).map_err(failed)?)
            .await;
        // A kind that is defined a moment ago is waited for when it is applied.
        let id = id.or_else(|_| Id::of(object)).map_err(failed)?;
        cx.phase(format!("applying {id}"));
        let (what, object) = one(&client, &calls, &state, object, &id)
            .await
            .map_err(failed)?;
        seen.insert(id.to_string(), what);
        private
            .versions
            .insert(id.to_string(), id.api_version.clone());
        applied.extend(object);
        state.objects = states(&seen);
        slot.set(state.clone());
        slot.private(private.clone());
    }
    operation::pass_warnings(&client, ABOUT, slot);
    let (kept, left) = std::mem::take(&mut private.versions)
        .into_iter()
        .partition(|(name, _)| seen.contains_key(name));
    private.versions = kept;
    if state.mode.text() == "always" {
        let left: BTreeMap<String, String> = left;
        let left: Vec<Id> = left
            .iter()
            .filter_map(|(name, version)| Id::parse(version, name))
            .collect();
        remove_ours(&client, &calls, &left).await.map_err(failed)?;
    }
    if state.wait.get() == Some(&true) {
        for object in &applied {
            if let Err(error) = ready(&client, &calls, object, |missing| cx.phase(missing)).await {
                // What was applied is there; taking it away would not help it.
                if error.code.is_silence() || error.code == Code::Cancelled || calls.is_over() {
                    slot.irreversible();
                }
                return Err(failed(error));
            }
        }
    }
    private.unfinished = false;
    slot.set(state);
    slot.private(private);
    Ok(())
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
        let seen = format!("{id} belongs to {owner}");
        return Err(
            kubernetes::Error::new(Code::Owned, format!("applying {id}"), seen)
                .cured_by("take the object out of `manifests`, or set `handoff = true`"),
        );
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
    for id in ids.iter().rev().filter(|id| !stays(id)) {
        let live = client.find(calls, id).await?;
        if live.is_some_and(|live| owner(&live) == Owner::Us) {
            client.prune(calls, std::slice::from_ref(id)).await?;
        }
    }
    Ok(())
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
