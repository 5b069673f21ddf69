//! Snapshots: raw disks on directories have none, and the lab keeps none at all.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::task::Job;

/// A snapshot's work, which always fails.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) vmid: u32,
    node: String,
    refusal: String,
}

fn failing(call: &mut Call<'_>, kind: &str, refusal: String) -> Reply {
    let vmid = call.vmid();
    let job = Job::Snapshot(Snapshot {
        vmid,
        node: call.node().to_owned(),
        refusal,
    });
    Ok(call.fork(kind, &vmid.to_string(), job))
}

/// Takes a snapshot.
pub(crate) fn snapshot(call: &mut Call<'_>) -> Reply {
    failing(
        call,
        "qmsnapshot",
        "snapshot feature is not available".to_owned(),
    )
}

/// Goes back to a snapshot.
pub(crate) fn rollback(call: &mut Call<'_>) -> Reply {
    let refusal = format!("snapshot '{}' does not exist", call.text("snapname"));
    failing(call, "qmrollback", refusal)
}

/// Removes a snapshot.
pub(crate) fn snapshot_delete(call: &mut Call<'_>) -> Reply {
    let refusal = format!("snapshot '{}' does not exist", call.text("snapname"));
    failing(call, "qmdelsnapshot", refusal)
}

/// The current state is the only one.
pub(crate) fn snapshots(call: &mut Call<'_>) -> Reply {
    let running = call.dc.vm(call.node(), call.vmid())?.running.is_some();
    Ok(json!([{
        "name": "current",
        "description": "You are here!",
        "running": u8::from(running),
    }]))
}

impl Snapshot {
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        dc.vm(&self.node, self.vmid)?.config.check_lock()?;
        Err(Refusal::die(self.refusal.clone()))
    }
}
