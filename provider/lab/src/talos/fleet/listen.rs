//! Addresses that are there, and ports that listen, as the machines have them.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::Fleet;
use crate::talos::api;
use crate::talos::life::Rack;
use crate::talos::machine::{Door, Key};

/// What may come of a change of addresses.
type Done<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Brings addresses to where machines can be reached.
pub trait Addresses: Send + Sync {
    /// Makes an address reachable.
    fn add(&self, address: IpAddr) -> Done<'_>;

    /// Takes an address away.
    fn remove(&self, address: IpAddr) -> Done<'_>;
}

/// Addresses that are there by themselves, such as those of 127.0.0.0/8.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAddresses;

impl Addresses for NoAddresses {
    fn add(&self, _: IpAddr) -> Done<'_> {
        Box::pin(async { Ok(()) })
    }

    fn remove(&self, _: IpAddr) -> Done<'_> {
        Box::pin(async { Ok(()) })
    }
}

/// Talos' port.
const PORT: u16 = 50_000;

/// What is at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    key: Key,
    /// The start of the machine, and who was let in when; none while nothing listens.
    open: Option<(u64, u64)>,
}

/// A place as it is.
struct Kept {
    place: Place,
    listener: Option<AbortHandle>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

/// Keeps addresses and ports as the machines have them.
pub(super) async fn keep(fleet: Weak<Fleet>) {
    let Some(mut changes) = fleet.upgrade().map(|fleet| fleet.changes()) else {
        return;
    };
    let mut kept: BTreeMap<IpAddr, Kept> = BTreeMap::new();
    let mut last = serde_json::Value::Null;
    loop {
        let Some(fleet) = fleet.upgrade() else {
            return;
        };
        let wanted = fleet.look(wanted);
        bring_about(&fleet, &mut kept, wanted).await;
        let told = fleet.summary();
        if told != last {
            fleet.save();
            last = told;
        }
        drop(fleet);
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn wanted(rack: &Rack) -> BTreeMap<IpAddr, Place> {
    let mut wanted = BTreeMap::new();
    for (key, machine) in &rack.machines {
        let Some(run) = &machine.run else {
            continue;
        };
        let open = (run.door != Door::Closed).then_some((machine.starts, run.epoch));
        for address in run.addresses() {
            let key = key.clone();
            wanted.insert(address, Place { key, open });
        }
    }
    wanted
}

async fn bring_about(
    fleet: &Arc<Fleet>,
    kept: &mut BTreeMap<IpAddr, Kept>,
    wanted: BTreeMap<IpAddr, Place>,
) {
    let gone: Vec<IpAddr> = kept
        .keys()
        .filter(|address| !wanted.contains_key(address))
        .copied()
        .collect();
    for address in gone {
        kept.remove(&address);
        // It may have gone with the network.
        let _ = fleet.settings.addresses.remove(address).await;
    }
    for (address, place) in wanted {
        let before = kept.get(&address).map(|kept| kept.place.clone());
        if before.as_ref() == Some(&place) {
            continue;
        }
        if before.is_none() && fleet.settings.addresses.add(address).await.is_err() {
            continue;
        }
        // The old listener goes before the new one comes.
        kept.remove(&address);
        let listener = match place.open {
            None => None,
            Some(_) => {
                let task = listen(fleet.shared(), place.key.clone(), address);
                Some(fleet.runtime.spawn(task).abort_handle())
            }
        };
        kept.insert(address, Kept { place, listener });
    }
}

/// The port may still be taken by who had it before.
const AGAIN: Duration = Duration::from_millis(50);

async fn listen(fleet: Weak<Fleet>, key: Key, address: IpAddr) {
    let socket = SocketAddr::new(address, PORT);
    let listener = loop {
        match TcpListener::bind(socket).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (Ok((stream, peer)), Some(fleet)) = (accepted, fleet.upgrade()) else {
                    continue;
                };
                // Small messages must not wait for more.
                let _ = stream.set_nodelay(true);
                connections.spawn(api::serve(fleet, key.clone(), stream, peer));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
