//! The remote object is the etcd cluster of all control planes; its identity is the cluster id.
//!
//! Create looks at every control plane, adopts what runs, bootstraps only where no member exists, and waits.
//! Read looks again. Update goes on waiting. Delete forgets: it stops nothing and wipes nothing.
//! Imported by `name=address,name=address`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use client_core::Backoff;
use framework::prelude::*;
use talos_client::{Client, Code, Cx, EtcdMember, Sent};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::decide::{self, Decision, Seen};
use super::model::{Bootstrap, WaitFor};
use super::observe::{LOOK, observe};
use super::plan::{self, Private};
use crate::provider::{Data, TalosStack};
use crate::shared::access::{Access, Unusable};
use crate::shared::calls;
use crate::shared::import;
use crate::shared::{quorum, report};

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
        state.status = started.into();
        let seen = observe(&job.machines, &job.data.pool, &job.calls).await;
        describe(&mut state, &seen, &job);
        slot.set(state.clone());
        slot.private(Private { unfinished: true });
        slot.irreversible();
        wait(&job, state, cx, slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: Bootstrap,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let job = match Job::new(&state, cx.provider(), LOOK * 2, cx.token()) {
            Ok(job) => job,
            Err(_) => {
                cx.warn(
                    format!("TS-REFRESH-SKIPPED: {}: not refreshed", state.id.text()),
                    "An address or the client identity is a placeholder or unknown; what state holds is kept.",
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
        let job = Job::new(&planned, cx.provider(), cx.remaining(), cx.token())?;
        if !planned.cluster_ready.is_unknown() {
            slot.set(planned);
            return Ok(());
        }
        // What nobody tells this time stays: an update that fails must not forget that there were members.
        if planned.etcd_members.is_unknown() {
            planned.etcd_members = prior.etcd_members;
        }
        wait(&job, planned, cx, slot).await
    }

    async fn delete(
        _cx: &ApplyCx<Self>,
        _state: Bootstrap,
        _slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn import(_cx: &ReadCx<Self>, id: &str) -> Result<(Bootstrap, Private), Error> {
        Ok((Bootstrap::imported(id)?, Private { unfinished: false }))
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

/// How many of something to wait for.
#[derive(Clone, Copy)]
enum Wanted {
    All,
    Count(usize),
}

impl Wanted {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "all" | "true" => Some(Self::All),
            "false" => Some(Self::Count(0)),
            number => number.parse().ok().map(Self::Count),
        }
    }

    fn of(field: &Field<String>, default: Self) -> Self {
        field.as_str().and_then(Self::parse).unwrap_or(default)
    }

    fn number(self, all: usize) -> usize {
        match self {
            Self::All => all,
            Self::Count(count) => count,
        }
    }
}

/// Everything an operation needs, checked once.
struct Job {
    data: Data,
    machines: BTreeMap<String, Access>,
    cluster_id: Option<String>,
    target: String,
    etcd_members: usize,
    api_server: bool,
    nodes_registered: usize,
    calls: Cx,
}

impl Job {
    fn new(
        model: &Bootstrap,
        data: &Data,
        remaining: std::time::Duration,
        token: &CancellationToken,
    ) -> Result<Self, Error> {
        let machines = machines(model, data)?;
        let first = machines.keys().next().cloned();
        let target = model.node.as_str().map(str::to_owned).or(first);
        let wait = model.wait_for.get();
        let field = |read: fn(&WaitFor) -> &Field<String>| wait.map_or(&Field::Null, read);
        Ok(Self {
            etcd_members: Wanted::of(field(|wait| &wait.etcd_members), Wanted::All)
                .number(machines.len()),
            nodes_registered: Wanted::of(field(|wait| &wait.nodes_registered), Wanted::Count(0))
                .number(machines.len()),
            api_server: wait.is_none_or(|wait| wait.api_server.get() != Some(&false)),
            cluster_id: model.cluster_id.as_str().map(str::to_owned),
            target: target
                .ok_or_else(|| Unusable::Placeholder("control_planes").diagnostic("the cluster"))?,
            data: data.clone(),
            machines,
            calls: calls::during(remaining, token),
        })
    }

    /// The control plane to bootstrap: one where a bootstrap was cut off joins no other etcd, so it goes first.
    fn first_member<'a>(&'a self, cut_off: &'a BTreeSet<String>) -> &'a str {
        match cut_off.first() {
            Some(stopped) if !cut_off.contains(&self.target) => stopped,
            _ => &self.target,
        }
    }

    /// What of `wait_for` is missing, one clause each; empty when the cluster is ready.
    fn missing(&self, seen: &BTreeMap<String, Seen>) -> Vec<String> {
        let voters = decide::voters(seen);
        let servers = decide::configured(seen)
            .filter(|(_, machine)| machine.api_server)
            .count();
        let registered = decide::configured(seen)
            .filter(|(_, machine)| machine.registered)
            .count();
        let mut missing = Vec::new();
        if voters < self.etcd_members {
            missing.push(format!(
                "{voters} of {} etcd members vote",
                self.etcd_members
            ));
        }
        if self.api_server && servers == 0 {
            missing.push("no Kubernetes API server is ready".to_owned());
        }
        if registered < self.nodes_registered {
            missing.push(format!(
                "{registered} of {} machines are Kubernetes nodes",
                self.nodes_registered
            ));
        }
        missing
    }

    /// The same for an operation that builds the cluster: every API server that can be seen is wanted.
    fn missing_to_finish(&self, seen: &BTreeMap<String, Seen>) -> Vec<String> {
        let mut missing = self.missing(seen);
        let waiting: Vec<&str> = decide::configured(seen)
            .filter(|(_, machine)| self.api_server && !machine.api_server)
            .map(|(name, _)| name.as_str())
            .collect();
        if !waiting.is_empty() {
            missing.push(format!(
                "the API server of {} is not ready",
                waiting.join(", ")
            ));
        }
        missing
    }
}

/// One line for a cluster whose etcd is gone.
const LOST: &str = "TS-BOOTSTRAP-LOST: the cluster has no etcd member left";
/// Cause and cure of it.
const LOST_CURE: &str = "State holds etcd members, and every control plane waits for a bootstrap now, as a new machine does: \
     their disks were wiped, or the machines were replaced. Nothing is bootstrapped anew by itself, because the cluster's data would be lost for good.\n\n\
     To start an empty cluster, replace this resource (`-replace`, or remove it from state and apply). To start from a snapshot \
     of etcd, set `recover_from` first.";
/// How long it must look like that: a machine that starts shows the same for a moment.
const LOST_FOR: Duration = Duration::from_secs(15);

/// How long Talos may take to stop etcd and to start it as the first member.
const BOOTSTRAP: Duration = Duration::from_secs(20);
/// How long etcd must be stopped to count as cut off in a bootstrap.
const CUT_OFF_FOR: Duration = Duration::from_secs(5);

fn had_members(state: &Bootstrap) -> bool {
    state
        .etcd_members
        .get()
        .is_some_and(|members| !members.is_empty())
}

fn machines(model: &Bootstrap, data: &Data) -> Result<BTreeMap<String, Access>, Error> {
    let planes = model
        .control_planes
        .get()
        .ok_or_else(|| Unusable::Placeholder("control_planes").diagnostic("the cluster"))?;
    let mut machines = BTreeMap::new();
    for (name, addresses) in planes {
        let access = data
            .access(addresses, &model.client_configuration)
            .map_err(|problem| plan::of_this_resource(problem).diagnostic(name))?;
        if access.identity.is_none() {
            return Err(Unusable::Missing("client_configuration")
                .diagnostic(name)
                .into());
        }
        machines.insert(name.clone(), access);
    }
    Ok(machines)
}

/// Adopts or bootstraps; says which.
async fn start(
    job: &Job,
    planned: &Bootstrap,
    cx: &ApplyCx<TalosBootstrap>,
) -> Result<&'static str, Error> {
    let backoff = Backoff::default();
    // What it is called if a member shows up: ours, once a request may have got through.
    let mut origin = "adopted";
    let mut cut_since = None;
    loop {
        let seen = observe(&job.machines, &job.data.pool, &job.calls).await;
        match decide::decide(&seen, job.cluster_id.as_deref())? {
            Decision::Adopt => return Ok(origin),
            Decision::Bootstrap { cut_off } => {
                cut_since = (!cut_off.is_empty()).then(|| cut_since.unwrap_or_else(Instant::now));
                let target = job.first_member(&cut_off);
                if cut_since.is_some_and(|since| since.elapsed() < CUT_OFF_FOR) {
                    cx.phase(format!(
                        "{target}: etcd is stopped, by a bootstrap that goes on or was cut off"
                    ));
                } else {
                    match ask(job, target, planned, cx).await? {
                        Asked::Accepted => return Ok(how(planned)),
                        Asked::Perhaps => origin = how(planned),
                        Asked::Refused => {}
                    }
                }
            }
            Decision::Wait(reasons) => {
                cx.phase(format!("before the bootstrap: {}", reasons.join("; ")))
            }
        }
        if !backoff.wait(cx.token()).await {
            return Err(out_of_time(&seen));
        }
    }
}

/// What became of a request that the next look tells more of.
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

fn out_of_time(seen: &BTreeMap<String, Seen>) -> Error {
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
    // Not cut off with the operation: Talos would leave etcd stopped.
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

/// Looks until nothing is missing; state follows what was seen.
async fn wait(
    job: &Job,
    mut state: Bootstrap,
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
        slot.private(Private {
            unfinished: !missing.is_empty(),
        });
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
    let silent: Vec<String> = seen
        .iter()
        .filter_map(|(name, seen)| match seen {
            Seen::Silent(error) => Some(format!("\n{name}: {}", error.detail())),
            _ => None,
        })
        .collect();
    Error::new(
        "TS-BOOTSTRAP-UNFINISHED: etcd runs, the cluster is not ready yet",
        format!(
            "Last seen: {}.{}\n\nThe next apply goes on waiting; it does not bootstrap again. \
             `talosctl dmesg` and `talosctl service` on the machine show what it is doing.",
            missing.join("; "),
            silent.join("")
        ),
    )
}

/// What was seen, as attributes. What nobody told is kept.
fn describe(state: &mut Bootstrap, seen: &BTreeMap<String, Seen>, job: &Job) {
    let id = decide::configured(seen).find_map(|(_, machine)| machine.cluster_id.clone());
    if let Some(id) = id {
        let name = if job.data.cluster_name.is_empty() {
            &id
        } else {
            &job.data.cluster_name
        };
        state.id = name.clone().into();
        if !state.cluster_id.is_known() {
            state.cluster_id = id.into();
        }
    }
    let mut members: BTreeMap<String, Field<String>> = BTreeMap::new();
    for member in decide::members(seen) {
        let id: Field<String> = member.id_hex().into();
        let name = member_name(member, job);
        // A dead member and the one that took its place may have one name.
        let is_other = members.get(&name).is_some_and(|known| *known != id);
        let key = if is_other { member.id_hex() } else { name };
        members.insert(key, id);
    }
    if !members.is_empty() || !state.etcd_members.is_known() {
        state.etcd_members = Field::Known(members);
    }
    let version =
        decide::configured(seen).find_map(|(_, machine)| machine.kubernetes_version.clone());
    if version.is_some() || !state.kubernetes_version.is_known() {
        state.kubernetes_version = version.into();
    }
    state.cluster_ready = job.missing(seen).is_empty().into();
}

/// A member's name in `control_planes`: the one that it has itself, or the one at whose address it is; its own where it
/// is none of them, its id before it has started.
fn member_name(member: &EtcdMember, job: &Job) -> String {
    let at_its_address = |access: &&Access| {
        access.endpoints.iter().any(|endpoint| {
            let mut hosts = member
                .peer_urls
                .iter()
                .filter_map(|url| quorum::host_of(url));
            hosts.any(|host| host == endpoint.host())
        })
    };
    if job.machines.contains_key(&member.hostname) {
        return member.hostname.clone();
    }
    let found = job
        .machines
        .iter()
        .find(|(_, access)| at_its_address(access));
    match found {
        Some((name, _)) => name.clone(),
        None if member.hostname.is_empty() => member.id_hex(),
        None => member.hostname.clone(),
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
