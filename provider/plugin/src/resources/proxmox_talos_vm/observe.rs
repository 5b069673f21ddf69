//! Looking at a machine.

use std::collections::BTreeMap;
use std::time::Duration;

use proxmox_client::{Backoff, Client, Code, Cx, Error, GuestInterface, Result};

use super::job::Job;
use super::model::TalosVm;
use super::sight::Sight;

/// What was found under a vmid.
pub enum Found {
    /// Nothing.
    Gone,
    /// A machine with another UUID, or with none.
    Other,
    /// A machine that is being made on this host; which one it is shows later.
    Making(String),
    /// The machine.
    Here(Box<Sight>),
}

/// What is worth a call of its own.
#[derive(Clone, Copy, Default)]
pub struct Wants {
    /// The pool.
    pub pool: bool,
    /// High availability.
    pub ha: bool,
    /// What the guest agent tells.
    pub guest: bool,
}

impl Wants {
    /// What an update needs: what was set before is looked for, too, because it may have to go.
    pub fn of_both(prior: &TalosVm, planned: &TalosVm) -> Self {
        let (before, then) = (Self::of(prior), Self::of(planned));
        Self {
            pool: before.pool || then.pool,
            ha: before.ha || then.ha,
            guest: then.guest,
        }
    }

    /// What a machine with these attributes needs.
    pub fn of(model: &TalosVm) -> Self {
        Self {
            pool: model.pool.is_known(),
            ha: model.ha.is_known(),
            guest: model
                .agent
                .get()
                .is_some_and(|agent| agent.enabled.get() == Some(&true)),
        }
    }
}

/// Looks for the machine with this UUID, first where it was last.
pub async fn observe(
    client: &Client,
    cx: &Cx,
    vmid: u32,
    hint: &str,
    uuid: &str,
    wants: Wants,
) -> Result<Found> {
    let sight = match look(client, cx, hint, vmid, wants).await {
        Err(error) if error.code == Code::NotFound || error.code == Code::HostUnknown => {
            match place(client, cx, vmid).await? {
                Some(node) => look(client, cx, &node, vmid, wants).await?,
                None => return Ok(Found::Gone),
            }
        }
        other => other?,
    };
    if sight.is_being_made() {
        Ok(Found::Making(sight.node))
    } else if sight.uuid().as_deref() == Some(&uuid.to_lowercase()) {
        Ok(Found::Here(Box::new(sight)))
    } else {
        Ok(Found::Other)
    }
}

/// The host of a machine; `None` where the vmid is free.
///
/// # Errors
/// `TS-PVE-PERMISSION` where something has the vmid that the token may not see.
pub async fn place(client: &Client, cx: &Cx, vmid: u32) -> Result<Option<String>> {
    let places = client.places(cx).await?;
    if let Some(place) = places.into_iter().find(|place| place.vmid == vmid) {
        return Ok(Some(place.node));
    }
    if client.is_free(cx, vmid).await? {
        return Ok(None);
    }
    let error = Error::found(
        Code::Permission,
        format!("looking for vmid {vmid}"),
        "something has this vmid, and the token does not see it",
    );
    Err(error.cured_by(format!(
        "give the token (and, with privilege separation, its user) a role with the privilege VM.Audit on /vms/{vmid}"
    )))
}

/// Looks at a machine on a host.
pub async fn look(client: &Client, cx: &Cx, node: &str, vmid: u32, wants: Wants) -> Result<Sight> {
    let (config, pending, status, pool, ha) = futures::join!(
        client.config(cx, node, vmid),
        client.pending(cx, node, vmid),
        client.status(cx, node, vmid),
        pool(client, cx, vmid, wants.pool),
        ha(client, cx, vmid, wants.ha),
    );
    let (config, pending, status) = (config?, pending?, status?);
    let guest = if wants.guest && status.running {
        // An agent that does not answer is no news: Talos starts it late, or not at all.
        client
            .guest_interfaces(cx, node, vmid)
            .await
            .unwrap_or_default()
    } else {
        Vec::new()
    };
    let pending = pending
        .into_iter()
        .map(|(key, value)| (key, (value.current, value.pending)));
    Ok(Sight {
        node: node.to_owned(),
        values: config.values,
        digest: config.digest,
        running: status.running,
        status: status.detail,
        lock: status.lock,
        pending: pending.collect(),
        pool: pool?,
        ha: ha?,
        guest: reachable(guest),
    })
}

async fn pool(client: &Client, cx: &Cx, vmid: u32, wanted: bool) -> Result<Option<String>> {
    if !wanted {
        return Ok(None);
    }
    let places = client.places(cx).await?;
    Ok(places
        .into_iter()
        .find(|place| place.vmid == vmid)
        .and_then(|place| place.pool))
}

async fn ha(
    client: &Client,
    cx: &Cx,
    vmid: u32,
    wanted: bool,
) -> Result<Option<BTreeMap<String, String>>> {
    if wanted {
        client.ha(cx, vmid).await
    } else {
        Ok(None)
    }
}

/// Addresses by hardware address, without those that lead nowhere from here and those that something in the cluster made.
fn reachable(interfaces: Vec<GuestInterface>) -> BTreeMap<String, Vec<String>> {
    const MADE: [&str; 8] = [
        "lo", "cni", "flannel", "cilium", "lxc", "veth", "kube", "dummy",
    ];
    let real = interfaces
        .into_iter()
        .filter(|interface| !MADE.iter().any(|made| interface.name.starts_with(made)));
    let local = |address: &String| {
        address.starts_with("fe80:")
            || address.starts_with("127.")
            || address == "::1"
            || address.starts_with("169.254.")
    };
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for interface in real {
        let addresses = interface
            .addresses
            .into_iter()
            .filter(|address| !local(address));
        found
            .entry(interface.mac.to_lowercase())
            .or_default()
            .extend(addresses);
    }
    found
}

/// Looks for the machine with this UUID; one that is being made is waited for.
pub async fn observe_made(
    job: &Job<'_>,
    calls: &Cx,
    vmid: u32,
    hint: &str,
    uuid: &str,
) -> Result<Found> {
    let node = match observe(&job.client, calls, vmid, hint, uuid, job.wants).await? {
        Found::Making(node) => node,
        found => return Ok(found),
    };
    let sight = look_unlocked(job, &node, vmid).await?;
    if sight.uuid().as_deref() == Some(&uuid.to_lowercase()) {
        Ok(Found::Here(Box::new(sight)))
    } else {
        Ok(Found::Other)
    }
}

/// Looks at a machine once the task that makes it is done.
pub async fn look_unlocked(job: &Job<'_>, node: &str, vmid: u32) -> Result<Sight> {
    let backoff = Backoff::up_to(Duration::from_secs(2));
    loop {
        let sight = look(&job.client, &job.calls, node, vmid, job.wants).await?;
        if !sight.is_being_made() {
            return Ok(sight);
        }
        let running = job
            .client
            .tasks_of(&job.calls, node, vmid)
            .await?
            .iter()
            .any(|task| task.running);
        let error = Error::found(
            Code::Locked,
            format!("looking at {vmid} on {node}"),
            "it is locked (create)",
        );
        if !running {
            // It may have ended after the look.
            let sight = look(&job.client, &job.calls, node, vmid, job.wants).await?;
            return if sight.is_being_made() {
                Err(error)
            } else {
                Ok(sight)
            };
        }
        backoff.pause(&job.calls, error).await?;
    }
}
