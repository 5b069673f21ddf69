//! Virtual machines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::answer::{self, member, number, scalars, truth};
use crate::client::Client;
use crate::error::Result;
use crate::error::classify::without_privilege;
use crate::request::{Method, Request};
use crate::task::Finished;
use client_core::Cx;

/// A configuration as it will be after the next cold start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Keys and values as Proxmox VE keeps them.
    pub values: BTreeMap<String, String>,
    /// What tells this configuration from a changed one.
    pub digest: String,
}

/// A value that waits for a cold start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What is in effect; `None` where the key is new.
    pub current: Option<String>,
    /// What it will be; `None` where the key goes away.
    pub pending: Option<String>,
}

/// What a virtual machine is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it runs.
    pub running: bool,
    /// State of the emulator, such as `running`, `paused` or `io-error`.
    pub detail: String,
    /// Why it is locked, if it is.
    pub lock: Option<String>,
    /// Whether high availability manages it.
    pub managed: bool,
    /// Bytes written since the emulator was started, by drive; `PVE::QemuServer::vmstatus` tells them of running machines.
    pub written: BTreeMap<String, u64>,
}

/// An interface of the guest, as its agent tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestInterface {
    /// Name in the guest.
    pub name: String,
    /// Its hardware address, as written by the guest.
    pub mac: String,
    /// Addresses without prefix length.
    pub addresses: Vec<String>,
}

/// What a virtual machine shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Start.
    Start,
    /// Cut the power.
    Stop,
    /// Ask the guest to shut down, for so many seconds, and then cut the power or give up.
    Shutdown {
        /// Seconds.
        patience: u64,
        /// Whether the power is cut when the guest does not obey.
        force: bool,
    },
}

fn vm(method: Method, node: &str, vmid: u32, rest: &[&str]) -> Request {
    let vmid = vmid.to_string();
    let mut segments = vec!["nodes", node, "qemu", vmid.as_str()];
    segments.extend(rest);
    Request::new(method, &segments)
}

impl Client {
    /// Makes a virtual machine and leaves it stopped. `values` are keys of the configuration, and `pool`.
    ///
    /// # Errors
    /// What was answered, or the task's failure; the machine is gone again then. With [`crate::Sent::Maybe`] it may exist.
    pub async fn create_vm(
        &self,
        cx: &Cx,
        node: &str,
        vmid: u32,
        values: &BTreeMap<String, String>,
    ) -> Result<Finished> {
        let made = self.run(cx, &create_request(node, vmid, values)).await;
        // Where the right to make machines is missing, the answer does not say so.
        made.map_err(|error| without_privilege(error, "VM.Allocate", &format!("/vms/{vmid}")))
    }

    /// Configuration, pending values included.
    ///
    /// # Errors
    /// What was answered.
    pub async fn config(&self, cx: &Cx, node: &str, vmid: u32) -> Result<Config> {
        let data = self
            .call(cx, &vm(Method::Get, node, vmid, &["config"]))
            .await?;
        Ok(config(&data))
    }

    /// Values that wait for a cold start, by key.
    ///
    /// # Errors
    /// What was answered.
    pub async fn pending(
        &self,
        cx: &Cx,
        node: &str,
        vmid: u32,
    ) -> Result<BTreeMap<String, Pending>> {
        let data = self
            .call(cx, &vm(Method::Get, node, vmid, &["pending"]))
            .await?;
        let rows = answer::list(&data, "reading pending values")?;
        Ok(rows.iter().filter_map(pending).collect())
    }

    /// What it is doing.
    ///
    /// # Errors
    /// What was answered.
    pub async fn status(&self, cx: &Cx, node: &str, vmid: u32) -> Result<Status> {
        let data = self
            .call(cx, &vm(Method::Get, node, vmid, &["status", "current"]))
            .await?;
        Ok(status(&data))
    }

    /// Changes the configuration, unless somebody else did since `digest` was read.
    ///
    /// # Errors
    /// What was answered, or the task's failure.
    pub async fn configure(
        &self,
        cx: &Cx,
        node: &str,
        vmid: u32,
        set: &BTreeMap<String, String>,
        delete: &[String],
        digest: &str,
    ) -> Result<Finished> {
        self.run(cx, &configure_request(node, vmid, set, delete, digest))
            .await
    }

    /// Grows a disk to so many GiB.
    ///
    /// # Errors
    /// What was answered, or the task's failure.
    pub async fn grow(
        &self,
        cx: &Cx,
        node: &str,
        vmid: u32,
        slot: &str,
        gib: u64,
    ) -> Result<Finished> {
        let request = vm(Method::Put, node, vmid, &["resize"])
            .with("disk", slot)
            .with("size", format!("{gib}G"));
        self.run(cx, &request).await
    }

    /// Starts, stops or shuts down.
    ///
    /// # Errors
    /// What was answered, or the task's failure.
    pub async fn power(&self, cx: &Cx, node: &str, vmid: u32, power: Power) -> Result<Finished> {
        self.run(cx, &power_request(node, vmid, power)).await
    }

    /// Destroys a stopped virtual machine with the disks that its configuration names and that are its own.
    ///
    /// # Errors
    /// What was answered, or the task's failure.
    pub async fn destroy_vm(&self, cx: &Cx, node: &str, vmid: u32) -> Result<Finished> {
        let request = vm(Method::Delete, node, vmid, &[])
            .with("purge", 1)
            .with("destroy-unreferenced-disks", 0);
        self.run(cx, &request).await
    }

    /// The guest's interfaces, as its agent tells.
    ///
    /// # Errors
    /// What was answered; an agent that does not run is an error, too.
    pub async fn guest_interfaces(
        &self,
        cx: &Cx,
        node: &str,
        vmid: u32,
    ) -> Result<Vec<GuestInterface>> {
        let request = vm(
            Method::Get,
            node,
            vmid,
            &["agent", "network-get-interfaces"],
        );
        let data = self.call(cx, &request).await?;
        let rows = data.get("result").and_then(Value::as_array);
        Ok(rows.into_iter().flatten().filter_map(interface).collect())
    }
}

fn create_request(node: &str, vmid: u32, values: &BTreeMap<String, String>) -> Request {
    Request::new(Method::Post, &["nodes", node, "qemu"])
        .with("vmid", vmid)
        .with("start", 0)
        .with_all(values)
}

/// By POST: it answers at once and goes on as a task, however long volumes take.
fn configure_request(
    node: &str,
    vmid: u32,
    set: &BTreeMap<String, String>,
    delete: &[String],
    digest: &str,
) -> Request {
    let mut request = vm(Method::Post, node, vmid, &["config"]).with_all(set);
    if !delete.is_empty() {
        request = request.with("delete", delete.join(","));
    }
    request.with("digest", digest)
}

fn power_request(node: &str, vmid: u32, power: Power) -> Request {
    let to = |what: &str| vm(Method::Post, node, vmid, &["status", what]);
    match power {
        Power::Start => to("start"),
        Power::Stop => to("stop"),
        Power::Shutdown { patience, force } => to("shutdown")
            .with("timeout", patience)
            .with("forceStop", u8::from(force)),
    }
}

fn config(data: &Value) -> Config {
    let mut values = scalars(data);
    let digest = values.remove("digest").unwrap_or_default();
    Config { values, digest }
}

fn pending(row: &Value) -> Option<(String, Pending)> {
    let (key, pending) = (member(row, "key")?, member(row, "pending"));
    let waits = pending.is_some() || number(row, "delete").is_some_and(|delete| delete > 0);
    let current = member(row, "value");
    waits.then_some((key, Pending { current, pending }))
}

fn status(data: &Value) -> Status {
    let status = member(data, "status").unwrap_or_default();
    Status {
        running: status == "running",
        detail: member(data, "qmpstatus").unwrap_or(status),
        lock: member(data, "lock").filter(|lock| !lock.is_empty()),
        managed: data.get("ha").is_some_and(|ha| truth(ha, "managed")),
        written: written(data),
    }
}

fn written(data: &Value) -> BTreeMap<String, u64> {
    let drives = data.get("blockstat").and_then(Value::as_object);
    let bytes = drives.into_iter().flatten();
    bytes
        .filter_map(|(drive, counted)| Some((drive.clone(), counted.get("wr_bytes")?.as_u64()?)))
        .collect()
}

fn interface(row: &Value) -> Option<GuestInterface> {
    let addresses = row.get("ip-addresses").and_then(Value::as_array);
    Some(GuestInterface {
        name: member(row, "name")?,
        mac: member(row, "hardware-address")?,
        addresses: addresses
            .into_iter()
            .flatten()
            .filter_map(|address| member(address, "ip-address"))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_machine_is_made_stopped() {
        let values = BTreeMap::from([("name".to_owned(), "cp01".to_owned())]);
        let request = create_request("pve1", 101, &values);
        assert_eq!(request.path, "/nodes/pve1/qemu");
        assert_eq!(request.body(), "vmid=101&start=0&name=cp01");
    }

    #[test]
    fn a_change_carries_the_digest_of_what_was_looked_at() {
        let set = BTreeMap::from([("cores".to_owned(), "4".to_owned())]);
        let delete = ["tags".to_owned(), "description".to_owned()];
        let request = configure_request("pve1", 101, &set, &delete, "abc");
        assert_eq!(
            request.body(),
            "cores=4&delete=tags%2Cdescription&digest=abc"
        );
    }

    #[test]
    fn pending_values_are_those_that_wait() {
        let rows = [
            json!({"key": "cores", "value": 2, "pending": 3}),
            json!({"key": "net1", "pending": "virtio,bridge=vmbr0"}),
            json!({"key": "scsi1", "value": "local:1", "delete": 1}),
            json!({"key": "name", "value": "x"}),
        ];
        let found: BTreeMap<_, _> = rows.iter().filter_map(pending).collect();
        assert_eq!(found.len(), 3);
        let three = Pending {
            current: Some("2".to_owned()),
            pending: Some("3".to_owned()),
        };
        assert_eq!(found["cores"], three);
        assert_eq!(found["scsi1"].pending, None);
    }

    #[test]
    fn a_status_is_read() {
        let data = json!({"status": "running", "qmpstatus": "paused", "lock": "backup", "ha": {"managed": 1}});
        let read = status(&data);
        assert!(read.running && read.managed);
        assert_eq!(
            (read.detail.as_str(), read.lock.as_deref()),
            ("paused", Some("backup"))
        );
    }
}
