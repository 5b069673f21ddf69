//! The remote object is a set of Kubernetes objects; its identity is the cluster.
//!
//! Create and update apply what is missing (`once`) or differs (`always`) and wait. Read says which objects are ours, handed over or
//! drifted. Delete takes away what is still ours with `always`, and nothing with `once`.

use std::collections::BTreeMap;

use framework::prelude::*;
use kubernetes::{Client, Id, Owner, owner};

use super::apply::{all_handed_off, bring, find_all, remove_ours, taken_over};
use super::model::BootstrapManifests;
use super::plan::{self, ABOUT, Private, objects, states};
use crate::provider::TalosStack;
use crate::shared::kubernetes as operation;

/// The resource.
pub struct TalosBootstrapManifests;

impl Resource for TalosBootstrapManifests {
    type Provider = TalosStack;
    type Model = BootstrapManifests;
    type Private = Private;
    const NAME: &'static str = "talos_bootstrap_manifests";
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(15);

    fn validate(config: &BootstrapManifests, diagnostics: &mut Diagnostics) {
        plan::validate(config, diagnostics);
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(cx.provider(), plan);
        Ok(())
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: BootstrapManifests,
        _config: BootstrapManifests,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        bring(cx, planned, Private::default(), slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: BootstrapManifests,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let Some((client, calls)) =
            operation::refreshing::<Self>(cx, &state.kubernetes, ABOUT).await
        else {
            return Ok(Read::state(state, private));
        };
        private.other.clear();
        if let Err(error) = look(&client, &calls, &mut state, &mut private).await {
            private.other =
                operation::saw_nothing::<Self>(cx, &client, &calls, ABOUT, &error).await;
        }
        Ok(Read::state(state, private))
    }

    async fn update(
        cx: &ApplyCx<Self>,
        _prior: BootstrapManifests,
        planned: BootstrapManifests,
        _config: BootstrapManifests,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        if !planned.objects.is_unknown() {
            // Only what is not about the objects changed.
            slot.set(planned);
            return Ok(());
        }
        bring(cx, planned, cx.private().clone(), slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: BootstrapManifests,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        if state.mode.text() == "once" {
            return Ok(());
        }
        let private = cx.private();
        let calls = operation::during(cx.remaining(), cx.token());
        let (client, _) = match operation::reach(
            cx.provider(),
            &state.kubernetes,
            ABOUT,
            &calls,
            &private.cluster,
        )
        .await
        {
            Ok(reached) => reached,
            Err(undone) => return undone.end(cx.provider(), &operation::left(ABOUT), slot),
        };
        // The order of applying is that of the manifests; it is taken away from the end.
        let mut ids: Vec<Id> = private
            .versions
            .iter()
            .filter_map(|(name, version)| Id::parse(version, name))
            .collect();
        let order: Vec<String> = objects(&state)
            .unwrap_or_default()
            .iter()
            .filter_map(|object| Some(Id::of(object).ok()?.to_string()))
            .collect();
        ids.sort_by_key(|id| {
            order
                .iter()
                .position(|name| *name == id.to_string())
                .unwrap_or(usize::MAX)
        });
        remove_ours(&client, &calls, &ids)
            .await
            .map_err(|error| operation::error(ABOUT, &error))
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(BootstrapManifests, Private), Error> {
        let calls = operation::during(cx.remaining(), cx.token());
        let (_, cluster) = operation::reach(cx.provider(), &Field::Null, ABOUT, &calls, "").await?;
        if id != cluster {
            return Err(Error::new(
                format!("TS-IMPORT: {id:?} is not this cluster"),
                format!("Write the import id as the UID of the namespace kube-system: {cluster}."),
            ));
        }
        let state = BootstrapManifests {
            id: cluster.as_str().into(),
            manifests: Field::Known(BTreeMap::new()),
            mode: "once".into(),
            handoff: Field::Known(true),
            wait: Field::Known(true),
            kubernetes: Field::Null,
            timeouts: Field::Null,
            objects: Field::Known(BTreeMap::new()),
        };
        Ok((
            state,
            Private {
                cluster,
                ..Private::default()
            },
        ))
    }
}

/// Says of each object whether it is as declared.
async fn look(
    client: &Client,
    calls: &kubernetes::Cx,
    state: &mut BootstrapManifests,
    private: &mut Private,
) -> kubernetes::Result<()> {
    let soon = calls.capped(operation::ANSWER);
    private.cluster = client.expect_cluster(&soon, &private.cluster).await?;
    if private.unfinished {
        return Ok(());
    }
    let mut seen = BTreeMap::new();
    let mut drift = BTreeMap::new();
    let wanted = objects(state)?;
    let found = find_all(client, calls, &wanted).await?;
    if state.handoff.get() == Some(&true) && taken_over(&found).is_some() {
        // As apply does: from the first sign on, none is ours to keep.
        state.objects = states(&all_handed_off(&found));
        private.drift = BTreeMap::new();
        return Ok(());
    }
    for (object, (id, live)) in wanted.iter().zip(found) {
        let Some(live) = live else {
            drift.insert(id.to_string(), "applied -> (absent)".to_owned());
            seen.insert(id.to_string(), "drifted");
            continue;
        };
        if matches!(owner(&live), Owner::Flux(_) | Owner::Helm(_)) {
            seen.insert(id.to_string(), "handed_off");
            continue;
        }
        let paths = operation::would_change(client, calls, object, &live).await?;
        seen.insert(
            id.to_string(),
            if paths.is_empty() {
                "applied"
            } else {
                "drifted"
            },
        );
        drift.extend(
            paths
                .into_iter()
                .map(|(path, line)| (format!("{id} {path}"), line)),
        );
    }
    state.objects = states(&seen);
    private.drift = drift;
    Ok(())
}
