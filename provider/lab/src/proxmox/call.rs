//! One request on its way through a handler.

use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::auth::User;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::fetch::Fetched;
use crate::proxmox::request::File;
use crate::proxmox::schema::Arguments;

/// What a handler works with.
pub(crate) struct Call<'a> {
    pub(crate) dc: &'a mut Datacenter,
    pub(crate) user: User,
    pub(crate) args: Arguments,
    /// The answer to what the handler asked for before.
    pub(crate) fetched: Option<&'a Fetched>,
    /// The file of an upload.
    pub(crate) file: Option<&'a File>,
    /// `total` beside `data`.
    pub(crate) total: Option<usize>,
}

impl Call<'_> {
    /// The host that the path names.
    pub(crate) fn node(&self) -> &str {
        self.args.get("node").unwrap_or_default()
    }

    /// The VM that the path or the parameters name.
    pub(crate) fn vmid(&self) -> u32 {
        self.args
            .get("vmid")
            .and_then(|vmid| vmid.parse().ok())
            .unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.args.get(name).unwrap_or_default()
    }

    /// Whether the caller has one of the privileges at a path.
    pub(crate) fn may(&self, path: &str, privileges: &[&str]) -> bool {
        self.dc.may(&self.user, path, privileges)
    }

    /// Refuses a caller that has none of the privileges.
    pub(crate) fn check(&self, path: &str, privileges: &[&str]) -> Reply<()> {
        if self.may(path, privileges) {
            return Ok(());
        }
        Err(Refusal::forbidden(&format!(
            "{path}, {}",
            privileges.join("|")
        )))
    }

    /// Only the user root@pam itself, no token of it, may skip locks.
    pub(crate) fn check_skiplock(&self) -> Reply<()> {
        if !self.args.flag("skiplock") || self.user.is_root() {
            return Ok(());
        }
        Err(Refusal::parameter(
            "skiplock",
            "Only root may use this option.",
        ))
    }

    /// Starts a worker on the host that the path names.
    pub(crate) fn fork(
        &mut self,
        kind: &str,
        id: &str,
        job: crate::proxmox::task::Job,
    ) -> serde_json::Value {
        let node = self.node().to_owned();
        let upid = self.dc.fork(&node, kind, id, &self.user.id, job);
        serde_json::Value::String(upid.to_string())
    }
}
