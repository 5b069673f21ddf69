//! Shared addresses (VIP): one control plane with a working etcd holds each, by an election in
//! etcd (`internal/app/machined/pkg/controllers/network/operator/vip`).

use std::net::IpAddr;

use super::{Rack, Step};
use crate::talos::config::Config;
use crate::talos::machine::Key;

/// How long an address is nobody's when its holder goes: the lease of the election.
const LEASE: i64 = 5_000;
/// What the first election takes.
const FIRST: i64 = 1_000;

/// A shared address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    holder: Option<Key>,
    /// When somebody may take it.
    free: i64,
}

impl Rack {
    pub(super) fn see_to_shared(&mut self) {
        let candidates = self.candidates();
        let mut names: Vec<(String, IpAddr)> = self.shared.keys().cloned().collect();
        names.extend(candidates.iter().map(|(name, _)| name.clone()));
        names.sort();
        names.dedup();
        for name in names {
            let able: Vec<Key> = candidates
                .iter()
                .filter(|(other, _)| *other == name)
                .map(|(_, key)| key.clone())
                .collect();
            self.see_to_one(name, &able);
        }
        self.hand_out();
    }

    fn see_to_one(&mut self, name: (String, IpAddr), able: &[Key]) {
        let now = self.now;
        let first = Shared {
            holder: None,
            free: now + FIRST,
        };
        let new = !self.shared.contains_key(&name);
        let shared = self.shared.entry(name).or_insert(first);
        let lost = shared
            .holder
            .as_ref()
            .is_some_and(|holder| !able.contains(holder));
        if lost {
            shared.holder = None;
            shared.free = now + LEASE;
        }
        if shared.holder.is_none() && shared.free <= now {
            shared.holder = able.first().cloned();
        }
        let (waits, free) = (shared.holder.is_none() && (lost || new), shared.free);
        // Any machine that may take it looks again when it can.
        if waits {
            for key in able {
                self.later(key, free - now, Step::Look);
            }
        }
    }

    /// Machines that may hold addresses, by cluster and address.
    fn candidates(&self) -> Vec<((String, IpAddr), Key)> {
        let able = self.machines.iter().filter(|(key, machine)| {
            machine.run.as_ref().is_some_and(|run| !run.leaving) && self.etcd_votes(key)
        });
        let named = able.flat_map(|(key, machine)| {
            let config = machine.active();
            let cluster = config.map(Config::cluster_id).unwrap_or_default();
            let vips = config.map(Config::vips).unwrap_or_default().into_iter();
            vips.map(move |vip| ((cluster.to_owned(), vip), key.clone()))
        });
        named.collect()
    }

    fn hand_out(&mut self) {
        let held: Vec<(Key, IpAddr)> = self
            .shared
            .iter()
            .filter_map(|((_, address), shared)| Some((shared.holder.clone()?, *address)))
            .collect();
        for (key, machine) in &mut self.machines {
            if let Some(run) = &mut machine.run {
                let own = held.iter().filter(|(holder, _)| holder == key);
                run.vips = own.map(|(_, address)| *address).collect();
            }
        }
    }
}
