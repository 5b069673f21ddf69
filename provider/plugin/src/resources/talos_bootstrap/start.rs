//! Adopting the etcd that runs, or making the first member.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Backoff;
use framework::prelude::*;
use talos_client::{Client, Code, Cx, Sent};
use tokio::time::Instant;

use super::decide::{self, Decision, Seen};
use super::job::Job;
use super::model::Bootstrap;
use super::observe::observe;
use super::resource::TalosBootstrap;
use super::turn::Turn;
use crate::shared::report;

/// How long Talos may take to stop etcd and to start it as the first member.
const BOOTSTRAP: Duration = Duration::from_secs(20);
/// What was started.
pub struct Started {
    /// What the cluster counts as.
    pub status: &'static str,
    /// The control plane that was asked to be the first member.
    pub asked: Option<String>,
}

/// Adopts or bootstraps.
pub async fn start(
    job: &Job,
    planned: &Bootstrap,
    cx: &ApplyCx<TalosBootstrap>,
) -> Result<Started, Error> {
    let backoff = Backoff::default();
    // What it is called if a member shows up: ours, once a request may have got through.
    let mut started = Started {
        status: "adopted",
        asked: None,
    };
    let mut turn = Turn::default();
    loop {
        let seen = observe(&job.machines, &job.data.pool, &job.calls).await;
        match decide::decide(&seen, job.cluster_id.as_deref())? {
            Decision::Adopt => return Ok(started),
            Decision::Bootstrap { cut_off } => match turn.of(cut_off, &job.target, Instant::now()) {
                Err(stopped) => cx.phase(format!(
                    "{stopped}: etcd is stopped or starts, by a bootstrap that goes on or was cut off"
                )),
                Ok(target) => {
                    let asked = ask(job, &target, planned, cx).await?;
                    if asked != Asked::Refused {
                        turn.asked(&target, Instant::now());
                        started = Started {
                            status: how(planned),
                            asked: Some(target),
                        };
                    }
                    if asked == Asked::Accepted {
                        return Ok(started);
                    }
                }
            },
            Decision::Wait(reasons) => {
                cx.phase(format!("before the bootstrap: {}", reasons.join("; ")))
            }
        }
        if !backoff.wait(cx.token()).await {
            return Err(out_of_time(&seen, started.asked.as_deref()));
        }
    }
}

/// What became of a request that the next look tells more of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Accepted,
    Perhaps,
    Refused,
}

async fn ask(
    job: &Job,
    target: &str,
    planned: &Bootstrap,
    cx: &ApplyCx<TalosBootstrap>,
) -> Result<Asked, Error> {
    let Err(error) = bootstrap(job, target, planned).await else {
        return Ok(Asked::Accepted);
    };
    if error.is_transient() {
        cx.phase(format!("{target}: {}", error.summary()));
        return Ok(if error.sent == Sent::Maybe {
            Asked::Perhaps
        } else {
            Asked::Refused
        });
    }
    if error.code == Code::EtcdExists {
        cx.phase("etcd has data already; looking again");
        return Ok(Asked::Refused);
    }
    Err(report::error(target, &error))
}

fn out_of_time(seen: &BTreeMap<String, Seen>, asked: Option<&str>) -> Error {
    if let Some(asked) = asked {
        return Error::new(
            "TS-BOOTSTRAP-UNCERTAIN: it is not known whether etcd was started",
            format!(
                "{asked} was asked to be the first member of etcd, its answer was lost, and no member has shown up since.\n\n\
                 Bring it up and apply again: what is there is looked at first."
            ),
        );
    }
    let reasons = match decide::decide(seen, None) {
        Ok(Decision::Wait(reasons)) => reasons.join("\n"),
        _ => "The control planes never came to a state in which etcd can be started.".to_owned(),
    };
    Error::new(
        "TS-BOOTSTRAP-BLOCKED: etcd was not started",
        format!(
            "Nothing was bootstrapped, because it is not certain that no etcd member exists:\n{reasons}\n\n\
             Bring these machines up (or take them out of `control_planes`) and apply again."
        ),
    )
}

/// What the cluster counts as once it runs.
fn how(planned: &Bootstrap) -> &'static str {
    if planned.recover_from.is_null() {
        "bootstrapped"
    } else {
        "recovered"
    }
}

async fn bootstrap(
    job: &Job,
    target: &str,
    planned: &Bootstrap,
) -> Result<(), talos_client::Error> {
    use talos_client::Bootstrap as How;
    let client = client(job, target)?;
    // An operation that is stopped lets it end, within its grace: cut off, Talos would leave etcd stopped.
    let to_its_end = Cx::new(BOOTSTRAP);
    match planned.recover_from.as_str() {
        None => client.bootstrap(&to_its_end, How::New).await,
        Some(snapshot) => {
            client.etcd_recover(&job.calls, snapshot.as_ref()).await?;
            client
                .bootstrap(
                    &to_its_end,
                    How::Recover {
                        skip_hash_check: false,
                    },
                )
                .await
        }
    }
}

fn client(job: &Job, name: &str) -> Result<Client, talos_client::Error> {
    let access = &job.machines[name];
    let mut builder = Client::builder(access.endpoints.clone()).pool(&job.data.pool);
    if let Some(identity) = access.identity.clone() {
        builder = builder.identity(identity);
    }
    builder.build()
}
