//! Looking at a machine.

use std::collections::BTreeMap;
use std::time::Duration;

use proxmox_client::{Backoff, Client, Code, Cx, Error, GuestInterface, Kind, Place, Result};

use super::job::Job;
use super::model::TalosVm;
use super::sight::{SeenIn, Sight};

/// What was found under a vmid.
pub enum Found {
    /// Nothing.
    Gone,
    /// A machine with another UUID, or with none, or a container.
    Other,
    /// A machine that is being made on this host; which one it is shows later.
    Making(String),
    /// The machine.
    Here(Box<Sight>),
}

/// What was found under a vmid, once a machine that was being made there is done.
pub enum Settled {
    /// Nothing.
    Gone,
    /// A machine with another UUID, or with none, or a container.
    Other,
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

/// A machine that is looked for.
pub struct Sought<'a> {
    /// Its number.
    pub vmid: u32,
    /// Its UUID.
    pub uuid: &'a str,
    /// The host where it was last.
    pub hint: &'a str,
    /// The cluster where it was last.
    pub cluster: &'a SeenIn,
}

/// Looks for a machine, first where it was last.
///
/// # Errors
/// `TS-PVE-OTHER-CLUSTER` or `TS-PVE-HOST-UNKNOWN` where it is not there, and another cluster answers or may do so.
pub async fn observe(client: &Client, cx: &Cx, sought: &Sought<'_>, wants: Wants) -> Result<Found> {
    let mut found = find(client, cx, sought, wants).await?;
    match &mut found {
        Found::Gone | Found::Other => {
            let now = SeenIn::from(client.cluster(cx).await?);
            refuse_other_cluster(sought, &now)?;
        }
        Found::Here(sight) if sight.cluster.nodes.is_empty() => {
            sight.cluster = sought.cluster.clone();
        }
        Found::Here(_) | Found::Making(_) => {}
    }
    Ok(found)
}

/// Where another cluster answers, nothing is known of a machine.
fn refuse_other_cluster(sought: &Sought<'_>, now: &SeenIn) -> Result<()> {
    let Sought { vmid, hint, .. } = sought;
    let attempted = format!("looking for {vmid}, which was on {hint}");
    let then = sought.cluster;
    if then.nodes.is_empty() {
        // State is of a version that did not note the cluster.
        if now.nodes.contains(*hint) {
            return Ok(());
        }
        let seen = format!("{} answers, and has no host {hint}", now.told());
        return Err(Error::found(Code::HostUnknown, attempted, seen)
            .caused_by("the endpoint (`proxmox.endpoint` or PROXMOX_VE_ENDPOINT) leads to another cluster, or the host was removed from this one")
            .cured_by(format!("point the endpoint at the cluster of {hint}; where that host is gone for good, {FORGET}")));
    }
    if then.is_not(now) {
        let seen = format!("{} answers; it was in {}", now.told(), then.told());
        return Err(
            Error::found(Code::OtherCluster, attempted, seen).cured_by(format!(
                "point the endpoint at {}; where that is gone for good, {FORGET}",
                then.told()
            )),
        );
    }
    Ok(())
}

/// The way out where a machine is lost with all that knew of it.
const FORGET: &str =
    "take the machine out of state (terraform state rm ADDRESS), and the next apply makes it anew";

async fn find(client: &Client, cx: &Cx, sought: &Sought<'_>, wants: Wants) -> Result<Found> {
    let vmid = sought.vmid;
    let sight = match look(client, cx, sought.hint, vmid, wants).await {
        Err(error) if error.code == Code::NotFound || error.code == Code::HostUnknown => {
            match place(client, cx, vmid).await? {
                Some(place) if place.kind == Kind::Container => return Ok(Found::Other),
                Some(place) => look(client, cx, &place.node, vmid, wants).await?,
                None => return Ok(Found::Gone),
            }
        }
        other => other?,
    };
    if sight.is_being_made() {
        Ok(Found::Making(sight.node))
    } else if sight.uuid().as_deref() == Some(&sought.uuid.to_lowercase()) {
        Ok(Found::Here(Box::new(sight)))
    } else {
        Ok(Found::Other)
    }
}

/// What has a vmid, and where; `None` where it is free.
///
/// # Errors
/// `TS-PVE-PERMISSION` where something has the vmid that the token may not see.
pub async fn place(client: &Client, cx: &Cx, vmid: u32) -> Result<Option<Place>> {
    let places = client.places(cx).await?;
    if let Some(place) = places.into_iter().find(|place| place.vmid == vmid) {
        return Ok(Some(place));
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
    let (config, pending, status, pool, ha, cluster) = futures::join!(
        client.config(cx, node, vmid),
        client.pending(cx, node, vmid),
        client.status(cx, node, vmid),
        pool(client, cx, vmid, wants.pool),
        ha(client, cx, vmid, wants.ha),
        client.cluster(cx),
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
        // It matters where the machine is not there any more, and is asked for again then.
        cluster: cluster.map(SeenIn::from).unwrap_or_default(),
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
) -> Result<Settled> {
    let sought = Sought {
        vmid,
        uuid,
        hint,
        cluster: &job.cx.private().sight.cluster,
    };
    let node = match observe(&job.client, calls, &sought, job.wants).await? {
        Found::Making(node) => node,
        Found::Gone => return Ok(Settled::Gone),
        Found::Other => return Ok(Settled::Other),
        Found::Here(sight) => return Ok(Settled::Here(sight)),
    };
    let sight = look_unlocked(job, &node, vmid).await?;
    if sight.uuid().as_deref() == Some(&uuid.to_lowercase()) {
        Ok(Settled::Here(Box::new(sight)))
    } else {
        Ok(Settled::Other)
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
