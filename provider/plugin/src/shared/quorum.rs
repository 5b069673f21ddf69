//! No step takes a control plane below etcd quorum.

use framework::prelude::*;
use talos_client::{Client, Code, Cx, Endpoint, EtcdMember, EtcdStatus, Pool};

use super::access::Access;
use super::machine::Observed;
use super::report;

/// What happens to the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It goes away and stays a member of etcd.
    Away,
    /// It takes leave of etcd first.
    Leaves,
}

/// Refuses to disturb a voting member when the others alone are no quorum; says whether the machine is such a member.
pub async fn guard(
    step: Step,
    node: &str,
    machine: &Observed,
    access: &Access,
    pool: &Pool,
    cx: &Cx,
) -> Result<bool, Error> {
    if machine.maintenance {
        return Ok(false);
    }
    let members = match machine.client.etcd_members(cx, true).await {
        Ok(members) => members,
        Err(error) if matches!(error.code, Code::EtcdDown | Code::EtcdNotControlPlane) => {
            return Ok(false);
        }
        Err(error) => return Err(report::error(node, &error)),
    };
    let voters: Vec<&EtcdMember> = members.iter().filter(|member| !member.learner).collect();
    let status = machine.client.etcd_status(cx).await;
    let own = status
        .map_err(|error| report::error(node, &error))?
        .member_id;
    let others: Vec<&EtcdMember> = voters
        .iter()
        .copied()
        .filter(|member| member.id != own)
        .collect();
    let votes = others.len() < voters.len();
    if others.is_empty() {
        // A single control plane has no quorum to keep.
        return Ok(votes);
    }
    let mut healthy = Vec::new();
    for member in &others {
        if answers(member, access, pool, cx).await {
            healthy.push(member.hostname.as_str());
        }
    }
    let remaining = match step {
        Step::Away => voters.len(),
        Step::Leaves => others.len(),
    };
    let needed = remaining / 2 + 1;
    if healthy.len() >= needed {
        return Ok(votes);
    }
    Err(Error::new(
        format!("TS-ETCD-QUORUM: {node}: etcd would lose its quorum without this machine"),
        format!(
            "etcd has {} voting members and needs {needed}; besides this one only {} {}.\n\nNothing was changed. Bring the other \
             members up (`talosctl etcd status`), then apply again.",
            voters.len(),
            if healthy.is_empty() {
                "none".to_owned()
            } else {
                healthy.join(", ")
            },
            if healthy.len() == 1 {
                "answers"
            } else {
                "answer"
            },
        ),
    ))
}

/// Whether a member's etcd answers for itself.
async fn answers(member: &EtcdMember, access: &Access, pool: &Pool, cx: &Cx) -> bool {
    let Some(host) = member.peer_urls.iter().find_map(|url| host_of(url)) else {
        return false;
    };
    let Ok(endpoint) = Endpoint::parse(host) else {
        return false;
    };
    let mut builder = Client::builder(vec![endpoint]).pool(pool);
    if let Some(identity) = access.identity.clone() {
        builder = builder.identity(identity);
    }
    let Ok(client) = builder.build() else {
        return false;
    };
    let status = client.etcd_status(&cx.capped(super::calls::REFRESH)).await;
    status.is_ok_and(|status| votes(&status))
}

/// Whether a member is well and has a vote.
pub fn votes(status: &EtcdStatus) -> bool {
    status.errors.is_empty() && !status.learner
}

/// Host of `https://host:2380` or `https://[v6]:2380`.
pub fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next(),
        None => rest.split([':', '/']).next(),
    }
}
