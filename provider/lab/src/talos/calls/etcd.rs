//! Calls about etcd.

use proto_talos::machine as api;
use tonic::{Code, Status};

use super::{control_plane, look};
use crate::talos::api::{Reply, one};
use crate::talos::config::Config;
use crate::talos::etcd::{Member, Refused};
use crate::talos::fleet::Fleet;
use crate::talos::life::{EtcdError, Rack};
use crate::talos::machine::Key;

pub(crate) fn bootstrap(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    fleet.with(|rack| {
        let machine = rack.machine(key).ok_or_else(super::gone)?;
        let run = machine.run.as_ref().ok_or_else(super::gone)?;
        if !run.service_runs("cri") {
            return Err(Status::failed_precondition(
                "bootstrap is not available yet",
            ));
        }
        if !run.control_plane() {
            return Err(match crate::talos::cosi::minor(machine) {
                0..13 => Status::failed_precondition(
                    "bootstrap can only be performed on a control plane node",
                ),
                _ => Status::unimplemented("bootstrap is only available on control plane nodes"),
            });
        }
        if machine.etcd_data().is_some() {
            return Err(Status::already_exists("etcd data directory is not empty"));
        }
        let cluster = run
            .active
            .as_ref()
            .map(|config| Config::cluster_id(config).to_owned());
        rack.bootstrap(key);
        fleet.bootstrapped(&cluster.unwrap_or_default());
        Ok(one(&api::BootstrapResponse {
            messages: vec![api::Bootstrap::default()],
        }))
    })
}

pub(crate) async fn members(
    fleet: &Fleet,
    key: &Key,
    request: &api::EtcdMemberListRequest,
) -> Result<Reply, Status> {
    control_plane(fleet, key, "member list")?;
    let local = request.query_local;
    let view = patiently(fleet, key, move |rack: &mut Rack, key: &Key| {
        if !local {
            return rack.etcd_agreed(key);
        }
        let own = rack.etcd_local(key)?;
        match own.data.is_learner() {
            true => Err(EtcdError::Learner),
            false => rack.etcd_agreed(key),
        }
    })
    .await?;
    let members = view.data.members;
    Ok(one(&api::EtcdMemberListResponse {
        messages: vec![api::EtcdMembers {
            metadata: None,
            legacy_members: members.iter().map(|member| member.name.clone()).collect(),
            members: members.into_iter().map(told).collect(),
        }],
    }))
}

fn told(member: Member) -> api::EtcdMember {
    api::EtcdMember {
        id: member.id,
        hostname: member.name,
        peer_urls: member.peer_urls,
        client_urls: member.client_urls,
        is_learner: member.learner,
    }
}

/// Waits while there is no quorum: a call that needs one hangs until its caller gives up.
async fn patiently<T>(
    fleet: &Fleet,
    key: &Key,
    mut work: impl FnMut(&mut Rack, &Key) -> Result<T, EtcdError>,
) -> Result<T, Status> {
    let mut changes = fleet.changes();
    loop {
        match fleet.with(|rack| work(rack, key)) {
            Err(EtcdError::NoQuorum) => {}
            other => return other.map_err(|error| failed(fleet, key, &error)),
        }
        if changes.changed().await.is_err() {
            return Err(super::gone());
        }
    }
}

fn failed(fleet: &Fleet, key: &Key, error: &EtcdError) -> Status {
    let address = look(fleet, key, |_, _, run| run.network.default_address());
    let address = address.ok().flatten().map(|prefix| prefix.address);
    let address = address.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    let socket = std::net::SocketAddr::new(address, 2379);
    match error {
        EtcdError::Down => Status::unavailable(format!(
            "connection error: desc = \"transport: Error while dialing: dial tcp {socket}: connect: connection refused\""
        )),
        EtcdError::NoQuorum => Status::deadline_exceeded("context deadline exceeded"),
        EtcdError::Learner => Status::unavailable("etcdserver: rpc not supported for learner"),
        EtcdError::Refused(Refused::NotFound) => Status::not_found(Refused::NotFound.to_string()),
        EtcdError::Refused(refused) => Status::unknown(refused.to_string()),
    }
}

pub(crate) fn status(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    control_plane(fleet, key, "etcd status")?;
    let (local, agreed) = fleet.look(|rack| (rack.etcd_local(key), rack.etcd_agreed(key)));
    let local = local.map_err(|error| failed(fleet, key, &error))?.data;
    let quorum = agreed.is_ok();
    let index = local.index * 100;
    let member = api::EtcdMemberStatus {
        protocol_version: "3.6.5".to_owned(),
        storage_version: "3.6.0".to_owned(),
        db_size: 4 << 20,
        db_size_in_use: 2 << 20,
        leader: if quorum { local.leader } else { 0 },
        raft_index: index,
        raft_term: local.term,
        raft_applied_index: index,
        errors: match quorum {
            true => Vec::new(),
            false => vec!["etcdserver: no leader".to_owned()],
        },
        is_learner: local.is_learner(),
        member_id: local.member,
    };
    Ok(one(&api::EtcdStatusResponse {
        messages: vec![api::EtcdStatus {
            metadata: None,
            member_status: Some(member),
        }],
    }))
}

pub(crate) fn alarms(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    control_plane(fleet, key, "etcd alarm list")?;
    let local = fleet.look(|rack| rack.etcd_local(key));
    local.map_err(|error| failed(fleet, key, &error))?;
    Ok(one(&api::EtcdAlarmListResponse {
        messages: vec![api::EtcdAlarm::default()],
    }))
}

pub(crate) async fn remove(
    fleet: &Fleet,
    key: &Key,
    request: &api::EtcdRemoveMemberByIdRequest,
) -> Result<Reply, Status> {
    control_plane(fleet, key, "etcd remove member")?;
    let member = request.member_id;
    let work = move |rack: &mut Rack, key: &Key| rack.remove_member(key, member);
    let done = patiently(fleet, key, work).await;
    done.map_err(|status| {
        let text = match status.code() {
            Code::NotFound => format!("failed to remove member {member}: {}", status.message()),
            _ => format!("failed to remove member: {}", status.message()),
        };
        Status::new(status.code(), text)
    })?;
    Ok(one(&api::EtcdRemoveMemberByIdResponse {
        messages: vec![api::EtcdRemoveMemberById::default()],
    }))
}

pub(crate) async fn leave(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    control_plane(fleet, key, "etcd leave")?;
    patiently(fleet, key, |rack, key| rack.leave(key)).await?;
    Ok(one(&api::EtcdLeaveClusterResponse {
        messages: vec![api::EtcdLeaveCluster::default()],
    }))
}

pub(crate) async fn forfeit(fleet: &Fleet, key: &Key) -> Result<Reply, Status> {
    control_plane(fleet, key, "etcd forfeit leadership")?;
    let alone = |rack: &Rack| {
        rack.etcd_agreed(key)
            .is_ok_and(|view| view.data.members.len() == 1)
    };
    if fleet.look(alone) {
        return Err(Status::unknown(
            "failed to forfeit leadership: cannot forfeit leadership, only one member",
        ));
    }
    let member = patiently(fleet, key, |rack, key| rack.forfeit(key)).await?;
    Ok(one(&api::EtcdForfeitLeadershipResponse {
        messages: vec![api::EtcdForfeitLeadership {
            metadata: None,
            member,
        }],
    }))
}
