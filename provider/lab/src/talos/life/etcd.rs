//! etcd of the machines: bootstrap, joining as a learner, promotion, leaving.
//! Upstream: `internal/app/machined/pkg/system/services/etcd.go`, `internal/pkg/etcd`.

use super::{Rack, Step};
use crate::talos::etcd::{self, Change, Data, Member};
use crate::talos::machine::{Ephemeral, Key, Machine, Service, State};

/// Between two tries to join.
const TRY: i64 = 3_000;
/// From the start of the process to its first answer.
const START: i64 = 2_500;
/// What a learner needs to catch up.
const CATCH_UP: i64 = 3_000;

/// Why a call about etcd is not answered well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EtcdError {
    /// Nothing listens on this machine.
    Down,
    /// There is no quorum: the call waits.
    NoQuorum,
    /// The member has no vote.
    Learner,
    /// etcd refuses.
    Refused(etcd::Refused),
}

/// What a machine's etcd sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EtcdView {
    pub data: Data,
}

impl Rack {
    /// Data of the running members of a machine's etcd cluster.
    fn running_members(&self, cluster: u64) -> Vec<&Data> {
        let running = self.machines.values().filter_map(|machine| {
            let runs = machine.run.as_ref()?.etcd;
            machine.etcd_data().filter(|_| runs)
        });
        running.filter(|data| data.cluster == cluster).collect()
    }

    /// What a machine's own etcd knows.
    pub(crate) fn etcd_local(&self, key: &Key) -> Result<EtcdView, EtcdError> {
        let machine = self.machine(key).ok_or(EtcdError::Down)?;
        let runs = machine.run.as_ref().is_some_and(|run| run.etcd);
        let data = machine.etcd_data().filter(|_| runs);
        let data = data.ok_or(EtcdError::Down)?.clone();
        Ok(EtcdView { data })
    }

    /// What the cluster knows: asked of any member that runs, with a leader.
    pub(crate) fn etcd_agreed(&self, key: &Key) -> Result<EtcdView, EtcdError> {
        let cluster = self.etcd_cluster(key).ok_or(EtcdError::Down)?;
        let running = self.running_members(cluster);
        if running.is_empty() {
            return Err(EtcdError::Down);
        }
        match etcd::agreed(&running).filter(|_| etcd::quorum(&running)) {
            Some(data) => Ok(EtcdView { data: data.clone() }),
            None => Err(EtcdError::NoQuorum),
        }
    }

    /// The etcd cluster of a machine: its own, or that of the control planes it finds.
    fn etcd_cluster(&self, key: &Key) -> Option<u64> {
        let machine = self.machine(key)?;
        if let Some(data) = machine.etcd_data() {
            return Some(data.cluster);
        }
        let peers = self.machines.values().filter(|other| peers(machine, other));
        let mut data = peers.filter_map(|other| {
            let runs = other.run.as_ref()?.etcd;
            other.etcd_data().filter(|_| runs)
        });
        data.next().map(|data| data.cluster)
    }

    /// Whether a machine's etcd answers a read that needs the quorum.
    pub(super) fn etcd_healthy(&self, key: &Key) -> bool {
        match (self.etcd_local(key), self.etcd_agreed(key)) {
            (Ok(view), Ok(_)) => view.data.own().is_some() && !view.data.is_learner(),
            _ => false,
        }
    }

    /// Whether etcd serves a machine's own API server and its shared address.
    pub(crate) fn etcd_votes(&self, key: &Key) -> bool {
        self.etcd_healthy(key)
    }

    /// Makes a machine the first member of a new cluster.
    pub(crate) fn bootstrap(&mut self, key: &Key) {
        let (cluster, id) = (self.number(), self.number());
        let member = self.member(key, id);
        self.put_data(key, Data::founded(cluster, member));
        let now = self.now;
        let service = self
            .run_mut(key)
            .and_then(|run| run.services.get_mut("etcd"));
        if let Some(service) = service {
            // What waited for other members is broken off, and starts anew.
            *service = Service::begin(now, "service \"cri\" to be \"up\", time sync, network");
            service.prepare(now);
        }
        self.later(key, START, Step::EtcdUp);
    }

    fn member(&self, key: &Key, id: u64) -> Member {
        let run = self.run(key);
        let address = run.and_then(|run| run.network.default_address());
        let url = |port: u16| {
            let address = address.map(|prefix| prefix.address);
            let socket = address.map(|address| std::net::SocketAddr::new(address, port));
            socket.map(|socket| format!("https://{socket}"))
        };
        Member {
            id,
            name: run
                .map(|run| run.network.hostname.clone())
                .unwrap_or_default(),
            peer_urls: url(2380).into_iter().collect(),
            client_urls: url(2379).into_iter().collect(),
            learner: true,
        }
    }

    fn put_data(&mut self, key: &Key, data: Data) {
        self.write(key, |disk| {
            let ephemeral = disk.ephemeral.get_or_insert_with(Ephemeral::default);
            ephemeral.etcd = Some(data);
        });
    }

    /// Starts etcd where it has data, else tries to join.
    pub(super) fn etcd_try(&mut self, key: &Key) {
        let now = self.now;
        let preparing = |rack: &mut Self, key: &Key| {
            let service = rack
                .run_mut(key)
                .and_then(|run| run.services.get_mut("etcd"));
            if let Some(service) = service.filter(|service| service.state == State::Waiting) {
                service.prepare(now);
            }
        };
        preparing(self, key);
        // Somebody may have bootstrapped it meanwhile.
        if self.run(key).is_none_or(|run| run.etcd) {
            return;
        }
        if self
            .machine(key)
            .is_some_and(|machine| machine.etcd_data().is_some())
        {
            self.later(key, START, Step::EtcdUp);
            return;
        }
        match self.join(key) {
            true => self.later(key, START, Step::EtcdUp),
            false => self.later(key, TRY, Step::EtcdTry),
        }
    }

    fn join(&mut self, key: &Key) -> bool {
        let Some(cluster) = self.etcd_cluster(key) else {
            return false;
        };
        let id = self.number();
        let member = self.member(key, id);
        let Ok(next) = self.change_members(cluster, &Change::Add(member)) else {
            return false;
        };
        self.put_data(key, Data { member: id, ..next });
        true
    }

    /// Changes the membership, which all running members then know.
    fn change_members(&mut self, cluster: u64, change: &Change) -> Result<Data, EtcdError> {
        let running = self.running_members(cluster);
        let agreed = etcd::agreed(&running).ok_or(EtcdError::Down)?;
        if !etcd::quorum(&running) {
            return Err(EtcdError::NoQuorum);
        }
        let next = etcd::change(agreed, &running, change).map_err(EtcdError::Refused)?;
        self.spread(&next);
        Ok(next)
    }

    fn spread(&mut self, next: &Data) {
        let members = self.machines.iter().filter_map(|(key, machine)| {
            let runs = machine.run.as_ref()?.etcd;
            let data = machine.etcd_data().filter(|_| runs)?;
            (data.cluster == next.cluster).then(|| (key.clone(), data.member))
        });
        let members: Vec<(Key, u64)> = members.collect();
        for (key, member) in members {
            let data = Data {
                member,
                ..next.clone()
            };
            self.put_data(&key, data);
        }
    }

    pub(super) fn etcd_up(&mut self, key: &Key) {
        let Some(data) = self.machine(key).and_then(Machine::etcd_data).cloned() else {
            return;
        };
        if self.run(key).is_none_or(|run| run.etcd) {
            return;
        }
        // What changed while it was away.
        let running = self.running_members(data.cluster);
        let agreed = etcd::agreed(&running).filter(|agreed| agreed.index > data.index);
        let data = agreed.map_or(data.clone(), |agreed| Data {
            member: data.member,
            ..agreed.clone()
        });
        let learner = data.is_learner();
        let removed = data.own().is_none();
        self.put_data(key, data);
        if removed {
            // "the member has been permanently removed from the cluster": it ends and is started
            // again, for ever.
            self.later(key, TRY, Step::EtcdUp);
            return;
        }
        if let Some(run) = self.run_mut(key) {
            run.etcd = true;
        }
        self.running(key, "etcd");
        if learner {
            self.later(key, CATCH_UP, Step::Promote);
        }
    }

    pub(super) fn promote(&mut self, key: &Key) {
        let Ok(view) = self.etcd_local(key) else {
            return;
        };
        let change = Change::Promote(view.data.member);
        if self.change_members(view.data.cluster, &change) == Err(EtcdError::NoQuorum) {
            self.later(key, TRY, Step::Promote);
        }
    }

    /// Removes a member.
    ///
    /// # Errors
    /// There is no quorum, no such member, or too few would be left.
    pub(crate) fn remove_member(&mut self, key: &Key, member: u64) -> Result<(), EtcdError> {
        let cluster = self.etcd_cluster(key).ok_or(EtcdError::Down)?;
        self.change_members(cluster, &Change::Remove(member))?;
        // The removed one ends.
        let machines = self.machines.iter().find(|(_, machine)| {
            let data = machine.etcd_data();
            data.is_some_and(|data| data.cluster == cluster && data.member == member)
        });
        let gone = machines.map(|(key, _)| key.clone());
        if let Some(gone) = gone {
            self.stop_etcd(&gone);
            self.later(&gone, TRY, Step::EtcdUp);
        }
        Ok(())
    }

    /// Takes a machine's own member out of the cluster and its data away.
    ///
    /// # Errors
    /// As for `remove_member`.
    pub(crate) fn leave(&mut self, key: &Key) -> Result<(), EtcdError> {
        let view = self.etcd_local(key)?;
        let change = Change::Remove(view.data.member);
        match self.change_members(view.data.cluster, &change) {
            Ok(_) | Err(EtcdError::Refused(etcd::Refused::NotFound)) => {}
            Err(error) => return Err(error),
        }
        self.stop_etcd(key);
        self.write(key, |disk| {
            if let Some(ephemeral) = &mut disk.ephemeral {
                ephemeral.etcd = None;
            }
        });
        Ok(())
    }

    pub(super) fn stop_etcd(&mut self, key: &Key) {
        let now = self.now;
        if let Some(run) = self.run_mut(key) {
            run.etcd = false;
            if let Some(service) = run.services.get_mut("etcd") {
                service.enter(now, State::Finished, "Service finished successfully");
            }
        }
    }

    /// Gives the lead to another member; its name, empty where this one does not lead.
    ///
    /// # Errors
    /// There is no quorum.
    pub(crate) fn forfeit(&mut self, key: &Key) -> Result<String, EtcdError> {
        let agreed = self.etcd_agreed(key)?.data;
        let own = self.etcd_local(key)?.data.member;
        let other = agreed
            .members
            .iter()
            .find(|one| one.id != own && !one.learner);
        match other.filter(|_| agreed.leader == own) {
            Some(other) => {
                self.change_members(agreed.cluster, &Change::Lead(other.id))?;
                Ok(other.name.clone())
            }
            None => Ok(String::new()),
        }
    }
}

/// Whether two machines are control planes of one cluster.
fn peers(one: &Machine, other: &Machine) -> bool {
    let (Some(one), Some(other)) = (one.active(), other.active()) else {
        return false;
    };
    let same = |pointer: &str| one.text_at(pointer) == other.text_at(pointer);
    other.control_plane() && same("/cluster/id") && same("/cluster/etcd/ca/crt")
}
