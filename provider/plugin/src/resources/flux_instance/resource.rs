//! The remote object is the FluxInstance of a cluster; its identity is cluster and namespace.
//!
//! Create and update write secrets and instance and wait for Flux. Read compares with what applying would change, and secrets by
//! their keyed digests. Delete lets the operator uninstall.

use framework::prelude::*;
use kubernetes::Client;

use super::adopt::adopt;
use super::apply::bring;
use super::destroy;
use super::model::FluxInstance;
use super::observe::{self, describe, instance_id, ready};
use super::plan::{self, Private, about, alters};
use crate::provider::TalosStack;
use crate::shared::{import, kubernetes as operation};

/// The resource.
pub struct FluxInstanceResource;

impl Resource for FluxInstanceResource {
    type Provider = TalosStack;
    type Model = FluxInstance;
    type Private = Private;
    const NAME: &'static str = "flux_instance";
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(15);

    fn validate(config: &FluxInstance, diagnostics: &mut Diagnostics) {
        plan::validate(config, diagnostics);
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(cx.provider(), plan);
        Ok(())
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: FluxInstance,
        config: FluxInstance,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        bring(cx, planned, &config, Private::default(), slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: FluxInstance,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let about = about(&state);
        let Some((client, calls)) =
            operation::refreshing::<Self>(cx, &state.kubernetes, &about).await
        else {
            return Ok(Read::state(state, private));
        };
        private.other.clear();
        match look(&client, &calls, &mut state, &mut private).await {
            Ok(true) => {}
            Ok(false) => return Ok(Read::Gone),
            Err(error) => {
                private.other =
                    operation::saw_nothing::<Self>(cx, &client, &calls, &about, &error).await;
            }
        }
        Ok(Read::state(state, private))
    }

    async fn update(
        cx: &ApplyCx<Self>,
        prior: FluxInstance,
        planned: FluxInstance,
        config: FluxInstance,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let private = cx.private().clone();
        if !alters(&prior, &planned) && !planned.ready.is_unknown() {
            // Only what is not about the instance changed.
            slot.set(planned);
            return Ok(());
        }
        bring(cx, planned, &config, private, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: FluxInstance,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        destroy::destroy(cx, &state, slot).await
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(FluxInstance, Private), Error> {
        let namespace = id.strip_suffix("/flux").unwrap_or(id);
        let mut state = FluxInstance::imported(namespace);
        let about = about(&state);
        let calls = operation::during(cx.remaining(), cx.token());
        let (client, cluster) =
            operation::reach(cx.provider(), &Field::Null, &about, &calls, "").await?;
        let found = client.find(&calls, &instance_id(namespace)).await;
        let Some(instance) = found.map_err(|error| operation::error(&about, &error))? else {
            return Err(Error::new(
                format!("TS-IMPORT: there is no FluxInstance in {namespace:?}"),
                "Write the import id as the namespace: flux-system.",
            ));
        };
        adopt(&mut state, &instance["spec"]);
        describe(&mut state, &instance, &[]);
        let private = Private {
            cluster,
            unfinished: true,
            ..Private::default()
        };
        Ok((state, private))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        vec![import::required("namespace", "Namespace of the instance.")]
    }

    fn identity(state: &FluxInstance) -> Option<Identity> {
        Some(import::identity([("namespace", state.namespace.as_str()?)]))
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(import::joined(identity, &["namespace"], ""))
    }
}

/// Looks; false where there is no instance, and nothing else of it.
async fn look(
    client: &Client,
    calls: &kubernetes::Cx,
    state: &mut FluxInstance,
    private: &mut Private,
) -> kubernetes::Result<bool> {
    let soon = calls.capped(operation::ANSWER);
    private.cluster = client.expect_cluster(&soon, &private.cluster).await?;
    let Some(instance) = client
        .find(calls, &instance_id(state.namespace.text()))
        .await?
    else {
        // Secrets of an interrupted create are there all the same: they are known as long as the state is.
        describe(state, &serde_json::Value::Null, &[]);
        state.ready = Field::Known(false);
        return Ok(private.unfinished);
    };
    let sync = observe::sync_objects(client, calls, state).await?;
    describe(state, &instance, &sync);
    if state.wait.text() != "controllers" {
        state.ready = ready(&state.ready, &instance);
    }
    private.drift.clear();
    if !private.unfinished {
        private.drift = observe::drift(client, calls, state, &instance, private).await?;
    }
    Ok(true)
}
