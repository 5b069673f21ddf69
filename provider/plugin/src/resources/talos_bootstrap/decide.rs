//! Whether to bootstrap, to adopt, to wait or to refuse: decided from what every control plane showed.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::Error;
use talos_client::{Code, EtcdMember};

use crate::shared::report;

/// What one control plane showed.
pub enum Seen {
    /// It did not answer, or not in a way that settles anything.
    Silent(talos_client::Error),
    /// It has no configuration.
    Maintenance,
    /// It has a configuration.
    Configured(Configured),
}

/// What a configured control plane showed.
#[derive(Default)]
pub struct Configured {
    /// Identity of the cluster that it belongs to.
    pub cluster_id: Option<String>,
    /// Members that its etcd lists; empty where etcd does not run.
    pub members: Vec<EtcdMember>,
    /// Which of them it is itself.
    pub own_member: Option<u64>,
    /// It holds data of an etcd member, although none is listed.
    pub etcd_data: bool,
    /// State of its etcd service, as Talos calls it: `Preparing` is where it waits for a bootstrap.
    pub etcd_state: String,
    /// The last word of that service.
    pub etcd_message: String,
    /// Its API server is ready.
    pub api_server: bool,
    /// Version of its API server.
    pub kubernetes_version: Option<String>,
    /// It is registered as a Kubernetes node.
    pub registered: bool,
}

/// State of an etcd service that waits for a bootstrap or for members to join.
const WAITS_FOR_BOOTSTRAP: &str = "Preparing";
/// One that could not be prepared, or was stopped meanwhile. Talos starts it again for a bootstrap, or when it boots.
const FAILED: &str = "Failed";
/// One that Talos stopped for a bootstrap.
const STOPPED: &str = "Finished";

/// What to do next.
#[derive(Debug)]
pub enum Decision {
    /// A member exists: the cluster is there.
    Adopt,
    /// No control plane has ever been a member.
    Bootstrap {
        /// Control planes where a bootstrap was cut off.
        cut_off: BTreeSet<String>,
    },
    /// Not settled yet; one reason per control plane that is in the way.
    Wait(Vec<String>),
}

/// Decides, or refuses with an error that waiting cannot cure.
pub fn decide(seen: &BTreeMap<String, Seen>, cluster_id: Option<&str>) -> Result<Decision, Error> {
    refuse_definitive(seen)?;
    one_cluster(seen, cluster_id)?;
    one_membership(seen)?;
    if members(seen).next().is_some() {
        return Ok(Decision::Adopt);
    }
    let reasons: Vec<String> = seen
        .iter()
        .filter_map(|(name, seen)| Some(format!("{name}: {}", in_the_way(seen)?)))
        .collect();
    if !reasons.is_empty() {
        return Ok(Decision::Wait(reasons));
    }
    let cut_off = configured(seen).filter(|(_, machine)| is_cut_off(machine));
    Ok(Decision::Bootstrap {
        cut_off: cut_off.map(|(name, _)| name.clone()).collect(),
    })
}

/// Talos stops etcd before it starts it as the first member. Where the caller goes away in between, it stays stopped
/// (`internal/app/machined/pkg/system/services/etcd.go`); for a moment every bootstrap looks like that.
fn is_cut_off(machine: &Configured) -> bool {
    match machine.etcd_state.as_str() {
        STOPPED => true,
        FAILED => machine.etcd_message.contains("context canceled"),
        _ => false,
    }
}

/// Whether a cluster that had etcd members has lost them all: every control plane waits for a bootstrap, as new ones do.
pub fn lost(had_members: bool, seen: &BTreeMap<String, Seen>, cluster_id: Option<&str>) -> bool {
    had_members && matches!(decide(seen, cluster_id), Ok(Decision::Bootstrap { .. }))
}

/// All members that any control plane lists.
pub fn members(seen: &BTreeMap<String, Seen>) -> impl Iterator<Item = &EtcdMember> {
    configured(seen).flat_map(|(_, machine)| &machine.members)
}

/// How many control planes vote. What a wiped machine was before stays a member until it joins again, and does not count;
/// a silent machine is taken for a voter that nobody else is.
pub fn voters(seen: &BTreeMap<String, Seen>) -> usize {
    let mut voting: BTreeSet<u64> = members(seen)
        .filter(|member| !member.learner)
        .map(|member| member.id)
        .collect();
    let proven = configured(seen)
        .filter_map(|(_, machine)| machine.own_member)
        .filter(|own| voting.remove(own))
        .count();
    let silent = seen.values().filter(|seen| matches!(seen, Seen::Silent(_)));
    proven + silent.count().min(voting.len())
}

/// Control planes that answer and are no members yet, and what their etcd says.
pub fn outside(seen: &BTreeMap<String, Seen>) -> Vec<String> {
    configured(seen)
        .filter(|(_, machine)| machine.own_member.is_none())
        .map(|(name, machine)| {
            let (state, message) = (&machine.etcd_state, &machine.etcd_message);
            format!("{name}: its etcd service is in state {state:?}: {message}")
        })
        .collect()
}

/// The control planes that showed a configuration.
pub fn configured(seen: &BTreeMap<String, Seen>) -> impl Iterator<Item = (&String, &Configured)> {
    seen.iter().filter_map(|(name, seen)| match seen {
        Seen::Configured(machine) => Some((name, machine)),
        _ => None,
    })
}

/// Why this control plane keeps us from being sure that no member exists.
fn in_the_way(seen: &Seen) -> Option<String> {
    match seen {
        Seen::Silent(error) => Some(format!(
            "{} ({})",
            error.code.entry().meaning,
            error.code.as_str()
        )),
        // What just started shows a state that looks like waiting.
        Seen::Configured(machine) if machine.etcd_data => Some(
            "it holds data of an etcd member, which is not up; nothing is bootstrapped beside it"
                .to_owned(),
        ),
        Seen::Configured(machine) if is_cut_off(machine) => None,
        Seen::Configured(machine) if machine.etcd_state == FAILED => Some(format!(
            "its etcd service failed ({}); Talos starts it again when the machine is rebooted",
            machine.etcd_message
        )),
        Seen::Configured(machine) if machine.etcd_state != WAITS_FOR_BOOTSTRAP => Some(format!(
            "its etcd service is in state {:?}, not yet waiting for a bootstrap",
            machine.etcd_state
        )),
        Seen::Maintenance | Seen::Configured(_) => None,
    }
}

fn refuse_definitive(seen: &BTreeMap<String, Seen>) -> Result<(), Error> {
    for (name, seen) in seen {
        match seen {
            // An operation that ends takes its requests along: that says nothing of the machine.
            Seen::Silent(error) if error.code == Code::NodeCancelled => {}
            Seen::Silent(error) if !error.is_transient() => return Err(report::error(name, error)),
            Seen::Maintenance => {
                return Err(Error::new(
                    format!("TS-NODE-MAINTENANCE: {name}: the machine has no configuration yet"),
                    "A control plane in maintenance mode cannot join etcd.\n\nApply its configuration first (the apply stage), \
                     then apply this stage again.",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// All control planes belong to one cluster, and to the wanted one.
fn one_cluster(seen: &BTreeMap<String, Seen>, wanted: Option<&str>) -> Result<(), Error> {
    let found: BTreeSet<(&str, &str)> = configured(seen)
        .filter_map(|(name, machine)| Some((machine.cluster_id.as_deref()?, name.as_str())))
        .collect();
    let ids: BTreeSet<&str> = found.iter().map(|(id, _)| *id).collect();
    let foreign = wanted.is_some_and(|wanted| ids.iter().any(|id| *id != wanted));
    if ids.len() < 2 && !foreign {
        return Ok(());
    }
    let list: Vec<String> = found
        .iter()
        .map(|(id, name)| format!("{name} belongs to cluster {id}"))
        .collect();
    let wanted = wanted.map_or(String::new(), |wanted| {
        format!("Wanted is cluster {wanted}. ")
    });
    Err(Error::new(
        "TS-CLUSTER-OTHER: a control plane belongs to another cluster",
        format!(
            "{wanted}{}.\n\nCorrect the addresses in `control_planes`, or reset the machine that does not belong here.",
            list.join("; ")
        ),
    )
    .at("control_planes"))
}

/// Members that do not know each other are two etcd clusters.
fn one_membership(seen: &BTreeMap<String, Seen>) -> Result<(), Error> {
    let groups: BTreeMap<&str, BTreeSet<u64>> = configured(seen)
        .filter(|(_, machine)| !machine.members.is_empty())
        .map(|(name, machine)| {
            (
                name.as_str(),
                machine.members.iter().map(|member| member.id).collect(),
            )
        })
        .collect();
    let apart = groups
        .iter()
        .flat_map(|(left, ours)| {
            groups
                .iter()
                .map(move |(right, theirs)| (left, ours, right, theirs))
        })
        .find(|(_, ours, _, theirs)| ours.is_disjoint(theirs));
    let Some((left, _, right, _)) = apart else {
        return Ok(());
    };
    Err(Error::new(
        "TS-ETCD-SPLIT: the control planes have two etcd clusters",
        format!(
            "{left} and {right} list no common member. Each holds data of its own, and they cannot be merged.\n\n\
             Decide which one is to live, reset the machines of the other (`talosctl reset`), apply their configuration, \
             and apply this stage again."
        ),
    )
    .at("control_planes"))
}
