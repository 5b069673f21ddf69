//! Waiting until nothing is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Backoff;
use framework::prelude::*;
use tokio::time::Instant;

use super::decide::{self, Seen};
use super::describe::{describe, had_members};
use super::job::Job;
use super::model::Bootstrap;
use super::observe::observe;
use super::plan::Private;
use super::resource::TalosBootstrap;

/// One line for a cluster whose etcd is gone.
pub const LOST: &str = "TS-BOOTSTRAP-LOST: the cluster has no etcd member left";
/// Cause and cure of it.
pub const LOST_CURE: &str = "State holds etcd members, and every control plane waits for a bootstrap now, as a new machine does: \
     their disks were wiped, or the machines were replaced. Nothing is bootstrapped anew by itself, because the cluster's data would be lost for good.\n\n\
     To start an empty cluster, replace this resource (`-replace`, or remove it from state and apply). To start from a snapshot \
     of etcd, set `recover_from` first.";
/// How long it must look like that: a machine that starts shows the same for a moment.
const LOST_FOR: Duration = Duration::from_secs(15);

/// Looks until nothing is missing; state follows what was seen.
pub async fn wait(
    job: &Job,
    mut state: Bootstrap,
    mut private: Private,
    cx: &ApplyCx<TalosBootstrap>,
    slot: &mut Slot<TalosBootstrap>,
) -> Result<(), Error> {
    let mut backoff = Backoff::default();
    let mut last = Vec::new();
    let mut lost = None;
    loop {
        let seen = observe(&job.machines, &job.data.pool, &job.calls).await;
        decide::decide(&seen, job.cluster_id.as_deref())?;
        lost = decide::lost(had_members(&state), &seen, job.cluster_id.as_deref())
            .then(|| lost.unwrap_or_else(Instant::now));
        let missing = job.missing_to_finish(&seen);
        describe(&mut state, &seen, job);
        state.cluster_ready = missing.is_empty().into();
        slot.set(state.clone());
        private.unfinished = !missing.is_empty();
        slot.private(private.clone());
        if missing.is_empty() {
            return Ok(());
        }
        if lost.is_some_and(|since| since.elapsed() >= LOST_FOR) {
            return Err(Error::new(LOST, LOST_CURE));
        }
        cx.phase(format!("cluster: {}", missing.join("; ")));
        if missing != last {
            backoff.reset();
        }
        last = missing;
        if !backoff.wait(cx.token()).await {
            if lost.is_some() {
                return Err(Error::new(LOST, LOST_CURE));
            }
            return Err(not_ready(&last, &seen));
        }
    }
}

fn not_ready(missing: &[String], seen: &BTreeMap<String, Seen>) -> Error {
    let silent = seen.iter().filter_map(|(name, seen)| match seen {
        Seen::Silent(error) => Some(format!("{name}: {}", error.detail())),
        _ => None,
    });
    let why: Vec<String> = decide::outside(seen).into_iter().chain(silent).collect();
    let why = why.iter().map(|line| format!("\n{line}"));
    Error::new(
        "TS-BOOTSTRAP-UNFINISHED: the cluster is not ready yet",
        format!(
            "Last seen: {}.{}\n\nThe next apply goes on; it never bootstraps beside a member or its data. \
             `talosctl dmesg` and `talosctl service` on the machine show what it is doing.",
            missing.join("; "),
            why.collect::<String>()
        ),
    )
}
