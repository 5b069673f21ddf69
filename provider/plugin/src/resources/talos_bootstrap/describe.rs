//! What was seen, as attributes.

use std::collections::BTreeMap;

use framework::prelude::*;
use talos_client::EtcdMember;

use super::decide::{self, Seen};
use super::job::Job;
use super::model::Bootstrap;
use crate::shared::access::Access;
use crate::shared::quorum;

/// Whether state knows of a member.
pub fn had_members(state: &Bootstrap) -> bool {
    state
        .etcd_members
        .get()
        .is_some_and(|members| !members.is_empty())
}

/// What was seen, as attributes. What nobody told is kept.
pub fn describe(state: &mut Bootstrap, seen: &BTreeMap<String, Seen>, job: &Job) {
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
