//! What workers do. Each job checks and marks at its beginning and acts at its end.

use serde::{Deserialize, Serialize};

use crate::proxmox::answer::Reply;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::fetch::Fetch;
use crate::proxmox::storage::{Delete, Download, Upload};
use crate::proxmox::vm::{
    Clone as CloneJob, Create, Destroy, Migrate, MoveDisk, Power, Resize, Snapshot, Template,
    Update,
};

/// The work of one task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Job {
    Create(Create),
    Destroy(Destroy),
    Update(Update),
    Power(Power),
    Resize(Resize),
    MoveDisk(MoveDisk),
    Clone(CloneJob),
    Template(Template),
    Migrate(Migrate),
    Snapshot(Snapshot),
    Upload(Upload),
    Download(Download),
    Delete(Delete),
}

impl Job {
    /// The VM whose lock the job needs.
    pub(super) fn locks(&self) -> Option<u32> {
        match self {
            Self::Create(job) => Some(job.vmid),
            Self::Destroy(job) => Some(job.vmid),
            Self::Update(job) => Some(job.vmid),
            Self::Power(job) => Some(job.vmid),
            Self::Resize(job) => Some(job.vmid),
            Self::MoveDisk(job) => Some(job.vmid),
            Self::Clone(job) => Some(job.vmid),
            Self::Template(job) => Some(job.vmid),
            Self::Migrate(job) => Some(job.vmid),
            Self::Snapshot(job) => Some(job.vmid),
            Self::Upload(_) | Self::Download(_) | Self::Delete(_) => None,
        }
    }

    /// What has to come from another server before the job can end.
    pub(super) fn fetches(&self, dc: &Datacenter) -> Option<Fetch> {
        match self {
            Self::Download(job) => job.fetch(dc),
            _ => None,
        }
    }

    /// Checks and marks; gives how long the rest takes, in milliseconds.
    pub(super) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        match self {
            Self::Create(job) => job.begin(dc),
            Self::Destroy(job) => job.begin(dc),
            Self::Update(_) => Ok(300),
            Self::Power(job) => job.begin(dc),
            Self::Resize(job) => job.begin(dc),
            Self::MoveDisk(job) => job.begin(dc),
            Self::Clone(job) => job.begin(dc),
            Self::Template(_) => Ok(500),
            Self::Migrate(job) => job.begin(dc),
            Self::Snapshot(job) => job.begin(dc),
            Self::Upload(_) => Ok(500),
            Self::Download(job) => job.begin(dc),
            Self::Delete(_) => Ok(300),
        }
    }

    /// Does it.
    pub(super) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        match self {
            Self::Create(job) => job.finish(dc, log),
            Self::Destroy(job) => job.finish(dc, log),
            Self::Update(job) => job.finish(dc, log),
            Self::Power(job) => job.finish(dc, log),
            Self::Resize(job) => job.finish(dc, log),
            Self::MoveDisk(job) => job.finish(dc, log),
            Self::Clone(job) => job.finish(dc, log),
            Self::Template(job) => job.finish(dc, log),
            Self::Migrate(job) => job.finish(dc, log),
            Self::Snapshot(_) | Self::Download(_) => Ok(()),
            Self::Upload(job) => job.finish(dc, log),
            Self::Delete(job) => job.finish(dc, log),
        }
    }
}
