//! The remote object is the etcd cluster of all control planes; its identity is the cluster id.
//!
//! Create looks at every control plane, adopts what runs, bootstraps only where no member exists, and waits.
//! Read looks again. Update goes on waiting. Delete forgets: it stops nothing and wipes nothing.
//! Imported by `name=address,name=address`.

use std::collections::BTreeMap;

use framework::prelude::*;

use super::decide::{self, Seen};
use super::describe::{describe, had_members};
use super::job::{Job, Wanted};
use super::model::Bootstrap;
use super::observe::{LOOK, observe};
use super::plan::{self, Private};
use super::start::start;
use super::wait::{LOST, LOST_CURE, wait};
use crate::provider::TalosStack;
use crate::shared::{import, report};

/// The resource.
pub struct TalosBootstrap;

impl Resource for TalosBootstrap {
    type Provider = TalosStack;
    type Model = Bootstrap;
    type Private = Private;
    const NAME: &'static str = "talos_bootstrap";

    fn validate(config: &Bootstrap, diagnostics: &mut Diagnostics) {
        if let Some(wait) = config.wait_for.get() {
            // None at all is a placeholder.
            let all = config.control_planes.get().map(BTreeMap::len);
            let all = all.filter(|all| *all > 0);
            for (path, count) in [
                ("wait_for.etcd_members", &wait.etcd_members),
                ("wait_for.nodes_registered", &wait.nodes_registered),
            ] {
                check_count(path, count, all, diagnostics);
            }
        }
        let (Some(node), Some(machines)) = (config.node.as_str(), config.control_planes.get())
        else {
            return;
        };
        if !machines.is_empty() && !machines.contains_key(node) {
            diagnostics.error_at(
                "node",
                format!("TS-INPUT-INVALID: {node:?} is no control plane"),
                "Name a key of `control_planes`, or leave `node` out.",
            );
        }
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(cx.provider(), plan);
        Ok(())
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: Bootstrap,
        _config: Bootstrap,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let job = Job::new(&planned, cx.provider(), cx.remaining(), cx.token())?;
        let started = start(&job, &planned, cx).await?;
        let mut state = planned;
        state.status = started.status.into();
        let seen = observe(&job.machines, &job.data.pool, &job.calls).await;
        describe(&mut state, &seen, &job);
        slot.set(state.clone());
        let private = Private {
            unfinished: true,
            asked: started.asked,
        };
        slot.private(private.clone());
        slot.irreversible();
        wait(&job, state, private, cx, slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: Bootstrap,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let job = match Job::new(&state, cx.provider(), LOOK * 2, cx.token()) {
            Ok(job) => job,
            Err(problem) => {
                cx.warn(
                    report::skipped(state.id.text()),
                    format!("{}\n\nWhat state holds is kept.", report::told(&problem)),
                );
                return Ok(Read::State {
                    model: state,
                    private,
                });
            }
        };
        let seen = observe(&job.machines, &job.data.pool, &job.calls).await;
        if let Some(why) = nobody(&seen) {
            cx.warn(
                format!(
                    "TS-REFRESH-KEPT: {}: no control plane answers",
                    state.id.text()
                ),
                why,
            );
            return Ok(Read::State {
                model: state,
                private,
            });
        }
        if decide::lost(had_members(&state), &seen, job.cluster_id.as_deref()) {
            cx.warn(LOST, LOST_CURE);
        }
        describe(&mut state, &seen, &job);
        private.unfinished = state.cluster_ready.get() != Some(&true);
        Ok(Read::State {
            model: state,
            private,
        })
    }

    async fn update(
        cx: &ApplyCx<Self>,
        prior: Bootstrap,
        mut planned: Bootstrap,
        _config: Bootstrap,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let mut job = Job::new(&planned, cx.provider(), cx.remaining(), cx.token())?;
        if !planned.cluster_ready.is_unknown() {
            slot.set(planned);
            return Ok(());
        }
        // What nobody tells this time stays: an update that fails must not forget that there were members.
        if planned.etcd_members.is_unknown() {
            planned.etcd_members = prior.etcd_members;
        }
        if let Some(asked) = cx.private().may_start_anew(&planned) {
            // A second etcd would come of another one: the first may start yet.
            if job.machines.contains_key(asked) {
                job.target = asked.to_owned();
            }
            start(&job, &planned, cx).await?;
        }
        wait(&job, planned, cx.private().clone(), cx, slot).await
    }

    async fn delete(
        _cx: &ApplyCx<Self>,
        _state: Bootstrap,
        _slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn import(_cx: &ReadCx<Self>, id: &str) -> Result<(Bootstrap, Private), Error> {
        Ok((Bootstrap::imported(id)?, Private::default()))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        vec![import::required(
            "control_planes",
            "Names and addresses as in the import id: `cp01=10.0.0.11,cp02=10.0.0.12`.",
        )]
    }

    fn identity(state: &Bootstrap) -> Option<Identity> {
        let planes = state.control_planes.get()?.iter().map(|(name, addresses)| {
            let address = addresses.get()?.first()?.as_str()?;
            Some(format!("{name}={address}"))
        });
        let planes: Option<Vec<_>> = planes.collect();
        Some(import::identity([("control_planes", &planes?.join(","))]))
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(import::joined(identity, &["control_planes"], ""))
    }
}

fn check_count(
    path: &str,
    field: &Field<String>,
    all: Option<usize>,
    diagnostics: &mut Diagnostics,
) {
    let Some(text) = field.as_str() else { return };
    match (Wanted::parse(text), all) {
        (None, _) => diagnostics.error_at(
            path,
            format!("TS-INPUT-INVALID: {text:?} is no count"),
            "Write `all` or a number.",
        ),
        (Some(Wanted::Count(count)), Some(all)) if count > all => diagnostics.error_at(
            path,
            format!("TS-INPUT-INVALID: {path} waits for more control planes than there are"),
            format!("{count} are to be waited for, and `control_planes` has {all}. Write `all`, or a number up to {all}."),
        ),
        _ => {}
    }
}

/// Why no control plane could be read; none when at least one was.
fn nobody(seen: &BTreeMap<String, Seen>) -> Option<String> {
    if decide::configured(seen).next().is_some() {
        return None;
    }
    let lines: Vec<String> = seen
        .iter()
        .map(|(name, seen)| match seen {
            Seen::Silent(error) => format!("{name}: {}", error.summary()),
            Seen::Maintenance => format!("{name}: in maintenance mode"),
            Seen::Configured(_) => format!("{name}: answers"),
        })
        .collect();
    Some(format!("What state holds is kept.\n{}", lines.join("\n")))
}
