//! The remote object is a set of Kubernetes objects around one Deployment; its identity is cluster and namespace.
//!
//! Create and update apply the set in order, remove what left it, and wait. Read compares the live objects with what applying would
//! make of them. Delete takes the set away, last first, and never while a FluxInstance needs the operator.

use framework::prelude::*;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kubernetes::{Client, Id, Owner, owner};
use serde_json::Value;

use super::apply::{Job, bring, is_shared};
use super::destroy;
use super::model::FluxOperator;
use super::plan::{self, Private, about, alters};
use super::render::{deployment_id, image_of, render, texts, version_of};
use crate::provider::TalosStack;
use crate::shared::left_behind::Undone;
use crate::shared::{import, kubernetes as operation, packed};

/// The resource.
pub struct FluxOperatorResource;

impl Resource for FluxOperatorResource {
    type Provider = TalosStack;
    type Model = FluxOperator;
    type Private = Private;
    const NAME: &'static str = "flux_operator";
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(10);

    fn validate(config: &FluxOperator, diagnostics: &mut Diagnostics) {
        plan::validate(config, diagnostics);
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(cx.provider(), plan);
        Ok(())
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: FluxOperator,
        _config: FluxOperator,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        bring(cx, None, planned, Private::default(), slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: FluxOperator,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let about = about(&state);
        let Some((client, calls)) =
            operation::refreshing::<Self>(cx, &state.kubernetes, &about).await
        else {
            return Ok(Read::state(state, private));
        };
        private.other.clear();
        match observe(&client, &calls, &mut state, &mut private).await {
            Ok(Seen::Gone) => return Ok(Read::Gone),
            Ok(Seen::There) => {}
            Err(error) => {
                private.other =
                    operation::saw_nothing::<Self>(cx, &client, &calls, &about, &error).await;
            }
        }
        Ok(Read::state(state, private))
    }

    async fn update(
        cx: &ApplyCx<Self>,
        prior: FluxOperator,
        planned: FluxOperator,
        _config: FluxOperator,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let private = cx.private().clone();
        if !alters(&prior, &planned) && private.drift.is_empty() && !private.unfinished {
            // Only what is not about the objects changed.
            slot.set(planned);
            return Ok(());
        }
        bring(cx, Some(&prior), planned, private, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: FluxOperator,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        destroy::destroy(cx, &state, slot).await
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(FluxOperator, Private), Error> {
        let namespace = id.strip_suffix("/flux-operator").unwrap_or(id);
        let mut state = FluxOperator::imported(namespace);
        let about = about(&state);
        let calls = operation::during(cx.remaining(), cx.token());
        let (client, cluster) =
            operation::reach(cx.provider(), &Field::Null, &about, &calls, "").await?;
        let found = client.find(&calls, &deployment_id(namespace)).await;
        let found = found.map_err(|error| operation::error(&about, &error))?;
        let Some(deployment) = found else {
            return Err(Error::new(
                format!("TS-IMPORT: there is no flux-operator in {namespace:?}"),
                "Write the import id as the namespace: flux-system.",
            ));
        };
        describe(&mut state, &deployment);
        state.version = state.installed_version.clone();
        // The first apply shows what is not as declared, and takes over what belongs to nobody else.
        let private = Private {
            cluster,
            unfinished: true,
            ..Private::default()
        };
        Ok((state, private))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        vec![import::required("namespace", "Namespace of the operator.")]
    }

    fn identity(state: &FluxOperator) -> Option<Identity> {
        Some(import::identity([("namespace", state.namespace.as_str()?)]))
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(import::joined(identity, &["namespace"], ""))
    }
}

enum Seen {
    Gone,
    There,
}

/// Looks at the Deployment, and at what applying would change.
async fn observe(
    client: &Client,
    calls: &kubernetes::Cx,
    state: &mut FluxOperator,
    private: &mut Private,
) -> kubernetes::Result<Seen> {
    let soon = calls.capped(operation::ANSWER);
    private.cluster = client.expect_cluster(&soon, &private.cluster).await?;
    let deployment = client
        .find(calls, &deployment_id(state.namespace.text()))
        .await?;
    match &deployment {
        Some(deployment) => describe(state, deployment),
        // Without its Deployment the rest is still ours, rights of an administrator among it.
        None if is_any_left(client, calls, state).await? => {
            state.ready = Field::Known(false);
            (state.image, state.installed_version) = (Field::Null, Field::Null);
        }
        None => return Ok(Seen::Gone),
    }
    if private.unfinished {
        return Ok(Seen::There);
    }
    let manifests: Vec<Value> = packed::unpack(&private.manifests).unwrap_or_default();
    let objects = render(&manifests, state, &private.selector).map_err(|unfit| unfit.error())?;
    let looks = stream::iter(objects)
        .map(|object| async move { drift(client, calls, &object).await })
        .buffered(AT_ONCE);
    let found: Vec<_> = looks.try_collect().await?;
    private.drift = found.into_iter().flatten().collect();
    Ok(Seen::There)
}

/// Whether anything is there that destroying would take away.
async fn is_any_left(
    client: &Client,
    calls: &kubernetes::Cx,
    state: &FluxOperator,
) -> kubernetes::Result<bool> {
    for id in inventory(state) {
        if is_shared(&id) {
            continue;
        }
        let found = client.find(calls, &id).await?;
        if found.is_some_and(|object| owner(&object) == Owner::Us) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What was applied, by its names.
pub(super) fn inventory(state: &FluxOperator) -> Vec<Id> {
    let inventory = texts(&state.inventory);
    let ids = inventory.iter();
    ids.filter_map(|(name, api_version)| Id::parse(api_version, name))
        .collect()
}

/// How many objects are looked at together.
const AT_ONCE: usize = 8;

/// What applying would change on one object.
async fn drift(
    client: &Client,
    calls: &kubernetes::Cx,
    object: &Value,
) -> kubernetes::Result<Vec<(String, String)>> {
    let id = kubernetes::Id::of(object)?;
    let Some(live) = client.find(calls, &id).await? else {
        return Ok(vec![(id.to_string(), "applied -> (absent)".to_owned())]);
    };
    let paths = operation::would_change(client, calls, object, &live).await?;
    let named = paths
        .into_iter()
        .map(|(path, line)| (format!("{id} {path}"), line));
    Ok(named.collect())
}

/// What the Deployment shows.
pub(super) fn describe(state: &mut FluxOperator, deployment: &Value) {
    state.image = image_of(deployment);
    state.installed_version = state.image.as_str().and_then(version_of).into();
    state.ready = (kubernetes::readiness(deployment) == kubernetes::Readiness::Current).into();
}

/// The job of an operation, for the other files of this folder.
pub(super) async fn job<'a>(
    cx: &'a ApplyCx<FluxOperatorResource>,
    model: &FluxOperator,
    cluster: &str,
) -> Result<Job<'a>, Undone> {
    Job::reach(cx, &model.kubernetes, about(model), cluster).await
}
