//! Membership of etcd, as the members' disks remember it. The real etcd runs on the Kubernetes
//! side; here is what Talos' API shows of it, and the rules of quorum.

use serde::{Deserialize, Serialize};

/// What one member has in its data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Data {
    /// The etcd cluster, made anew by each bootstrap.
    pub cluster: u64,
    /// This member.
    pub member: u64,
    /// Grows with every change of the membership.
    pub index: u64,
    /// Grows with every new leader.
    pub term: u64,
    /// The leader as last seen.
    pub leader: u64,
    /// All members.
    pub members: Vec<Member>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub id: u64,
    /// The host name; empty until it has started.
    pub name: String,
    pub peer_urls: Vec<String>,
    pub client_urls: Vec<String>,
    pub learner: bool,
}

impl Data {
    /// The data of the only member of a new cluster.
    pub(crate) fn founded(cluster: u64, member: Member) -> Self {
        Self {
            cluster,
            member: member.id,
            index: 1,
            term: 2,
            leader: member.id,
            members: vec![Member {
                learner: false,
                ..member
            }],
        }
    }

    /// The member of this directory, unless it was removed.
    pub(crate) fn own(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.id == self.member)
    }

    pub(crate) fn is_learner(&self) -> bool {
        self.own().is_some_and(|member| member.learner)
    }
}

/// The membership that the running members agree on.
///
/// Members that were away know less; the highest index is the truth.
pub(crate) fn agreed<'a>(running: &[&'a Data]) -> Option<&'a Data> {
    running.iter().copied().max_by_key(|data| data.index)
}

/// Whether more than half of the voters run.
pub(crate) fn quorum(running: &[&Data]) -> bool {
    let Some(agreed) = agreed(running) else {
        return false;
    };
    let voters = agreed.members.iter().filter(|member| !member.learner);
    let (mut all, mut up) = (0, 0);
    for voter in voters {
        all += 1;
        up += usize::from(running.iter().any(|data| data.member == voter.id));
    }
    up * 2 > all
}

/// A change of the membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A learner joins. Only one at a time may (etcd's `max-learners`), and one of the same name
    /// is removed first (`addMember` of Talos' etcd service).
    Add(Member),
    /// A learner that caught up gets its vote.
    Promote(u64),
    /// A member goes.
    Remove(u64),
    /// Another member leads.
    Lead(u64),
}

/// Why etcd does not change its membership (`api/v3rpc/rpctypes` of etcd).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("etcdserver: too many learner members in cluster")]
    TooManyLearners,
    #[error("etcdserver: member not found")]
    NotFound,
    #[error("etcdserver: re-configuration failed due to not enough started members")]
    NotEnoughStarted,
}

/// The membership after a change. The caller has seen to the quorum.
pub(crate) fn change(agreed: &Data, running: &[&Data], change: &Change) -> Result<Data, Refused> {
    let mut next = agreed.clone();
    let position = |id: u64| agreed.members.iter().position(|member| member.id == id);
    match change {
        Change::Add(member) => {
            next.members.retain(|known| known.name != member.name);
            if next.members.iter().any(|known| known.learner) {
                return Err(Refused::TooManyLearners);
            }
            next.members.push(member.clone());
        }
        Change::Promote(id) => {
            let at = position(*id).ok_or(Refused::NotFound)?;
            if let Some(member) = next.members.get_mut(at) {
                member.learner = false;
            }
        }
        Change::Remove(id) => {
            let at = position(*id).ok_or(Refused::NotFound)?;
            next.members.remove(at);
            let starts = |member: &Member| running.iter().any(|data| data.member == member.id);
            let voters = next.members.iter().filter(|member| !member.learner);
            let (all, up) = voters.fold((0, 0), |(all, up), member| {
                (all + 1, up + usize::from(starts(member)))
            });
            if up * 2 <= all {
                return Err(Refused::NotEnoughStarted);
            }
        }
        Change::Lead(id) => {
            position(*id).ok_or(Refused::NotFound)?;
            next.leader = *id;
            next.term += 1;
        }
    }
    next.index += 1;
    let leads = next.members.iter().any(|member| member.id == next.leader);
    if !leads {
        next.leader = next
            .members
            .iter()
            .find(|one| !one.learner)
            .map_or(0, |one| one.id);
        next.term += 1;
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: u64, learner: bool) -> Member {
        Member {
            id,
            name: format!("cp{id}"),
            peer_urls: Vec::new(),
            client_urls: Vec::new(),
            learner,
        }
    }

    fn three() -> Vec<Data> {
        let first = Data::founded(7, member(1, false));
        let members = vec![member(1, false), member(2, false), member(3, false)];
        let of = |id| Data {
            member: id,
            members: members.clone(),
            ..first.clone()
        };
        vec![of(1), of(2), of(3)]
    }

    #[test]
    fn two_of_three_are_a_quorum_and_one_is_not() {
        let all = three();
        let running: Vec<&Data> = all.iter().collect();
        assert!(quorum(&running) && quorum(&running[1..]) && !quorum(&running[2..]));
        assert!(!quorum(&[]));
    }

    #[test]
    fn a_learner_joins_alone_and_counts_only_with_a_vote() {
        let one = Data::founded(7, member(1, true));
        assert!(!one.is_learner());
        let two = change(&one, &[&one], &Change::Add(member(2, true))).unwrap();
        assert!(quorum(&[&two]));
        let third = change(&two, &[&two], &Change::Add(member(3, true)));
        assert_eq!(third, Err(Refused::TooManyLearners));
        let two = change(&two, &[&two], &Change::Promote(2)).unwrap();
        assert!(!quorum(&[&two]));
    }

    #[test]
    fn a_member_of_the_same_name_makes_room() {
        let one = Data::founded(7, member(1, false));
        let mut again = member(9, true);
        let two = change(&one, &[&one], &Change::Add(member(2, true))).unwrap();
        again.name = "cp2".to_owned();
        let next = change(&two, &[&two], &Change::Add(again)).unwrap();
        let ids: Vec<u64> = next.members.iter().map(|member| member.id).collect();
        assert_eq!(ids, [1, 9]);
    }

    #[test]
    fn the_last_member_stays_and_a_leader_that_goes_is_followed() {
        let one = Data::founded(7, member(1, false));
        assert_eq!(
            change(&one, &[&one], &Change::Remove(1)),
            Err(Refused::NotEnoughStarted)
        );
        assert_eq!(
            change(&one, &[&one], &Change::Remove(5)),
            Err(Refused::NotFound)
        );
        let all = three();
        let running: Vec<&Data> = all.iter().collect();
        let two = change(&all[0], &running, &Change::Remove(1)).unwrap();
        assert_eq!((two.leader, two.term, two.members.len()), (2, 3, 2));
    }
}
