//! What belongs to the cluster as a whole.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::{self, malformed, member, number, truth};
use crate::client::Client;
use crate::error::{Code, Result};
use crate::request::{Method, Request};
use client_core::Cx;

/// Where rights on all virtual machines are given.
const VIRTUAL_MACHINES: &str = "/vms";

/// One host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Whether the cluster sees it.
    pub online: bool,
}

/// What tells one cluster from another. Nothing of it is unique for certain, but two clusters with the same name and hosts of the same
/// names are rare; a host that stands alone has no name of a cluster, and keeps its own when it joins one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its name; none where a host stands alone, or the token may not see it.
    pub name: Option<String>,
    /// Names of its hosts, whether they are up or not.
    pub nodes: BTreeSet<String>,
}

/// What has a vmid. Virtual machines and containers share the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A virtual machine.
    Vm,
    /// A container.
    Container,
}

/// Where a virtual machine or a container is. The list shows only those for which the token has `VM.Audit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub vmid: u32,
    /// Its host.
    pub node: String,
    /// Its name; a new one may not have one yet, see [`Place::is_nameless`].
    pub name: Option<String>,
    /// Its pool, if it is in one.
    pub pool: Option<String>,
}

impl Place {
    /// Whether the list has no name for it, or the one that stands in for it. Names come from what each host tells of its machines every
    /// ten seconds or so, so that new machines and those of a host that is off have none.
    pub fn is_nameless(&self) -> bool {
        let stand_in = format!("VM {}", self.vmid);
        self.name
            .as_ref()
            .is_none_or(|name| name.is_empty() || *name == stand_in)
    }
}

impl Client {
    /// Version, such as `9.1.2`.
    ///
    /// # Errors
    /// What was answered.
    pub async fn version(&self, cx: &Cx) -> Result<String> {
        let data = self
            .call(cx, &Request::new(Method::Get, &["version"]))
            .await?;
        member(&data, "version").ok_or_else(|| malformed("reading the version", "version"))
    }

    /// All hosts.
    ///
    /// # Errors
    /// What was answered.
    pub async fn nodes(&self, cx: &Cx) -> Result<Vec<Node>> {
        let data = self
            .call(cx, &Request::new(Method::Get, &["nodes"]))
            .await?;
        let rows = answer::list(&data, "listing hosts")?;
        Ok(rows.iter().filter_map(node).collect())
    }

    /// The cluster that answers, asked for once. The name needs `Sys.Audit` on `/`; without it the hosts alone are known.
    ///
    /// # Errors
    /// What was answered.
    pub async fn cluster(&self, cx: &Cx) -> Result<&Cluster> {
        self.cluster_once()
            .get_or_try_init(|| async {
                let status = Request::new(Method::Get, &["cluster", "status"]);
                match self.call(cx, &status).await {
                    Ok(data) => cluster(&data),
                    Err(error) if error.code == Code::Permission => {
                        let nodes = self.nodes(cx).await?;
                        Ok(Cluster {
                            name: None,
                            nodes: nodes.into_iter().map(|node| node.name).collect(),
                        })
                    }
                    Err(error) => Err(error),
                }
            })
            .await
    }

    /// All virtual machines and containers that the token may see.
    ///
    /// # Errors
    /// What was answered.
    pub async fn places(&self, cx: &Cx) -> Result<Vec<Place>> {
        let request = Request::new(Method::Get, &["cluster", "resources"]).with("type", "vm");
        let data = self.call(cx, &request).await?;
        let rows = answer::list(&data, "listing virtual machines")?;
        Ok(rows.iter().filter_map(place).collect())
    }

    /// Whether [`Self::places`] lists every virtual machine of the cluster. It does where the token, or its user where the token is
    /// not separated, has `VM.Audit` on `/vms` and below; rights on a pool or on single machines show those alone.
    ///
    /// # Errors
    /// What was answered.
    pub async fn sees_all_vms(&self, cx: &Cx) -> Result<bool> {
        let request =
            Request::new(Method::Get, &["access", "permissions"]).with("path", VIRTUAL_MACHINES);
        let data = self.call(cx, &request).await?;
        Ok(is_audited(&data))
    }

    /// Whether [`Self::tasks_of`] lists the tasks of everybody on a host: with `Sys.Audit` on it. Otherwise it lists the token's own.
    ///
    /// # Errors
    /// What was answered.
    pub async fn sees_all_tasks(&self, cx: &Cx, node: &str) -> Result<bool> {
        let path = format!("/nodes/{node}");
        let request =
            Request::new(Method::Get, &["access", "permissions"]).with("path", path.as_str());
        let data = self.call(cx, &request).await?;
        // It counts on the path itself whether it goes down from there or not.
        Ok(data
            .get(&path)
            .is_some_and(|held| held.get("Sys.Audit").is_some()))
    }

    /// A free vmid. Nothing reserves it.
    ///
    /// # Errors
    /// What was answered.
    pub async fn next_vmid(&self, cx: &Cx) -> Result<u32> {
        let data = self
            .call(cx, &Request::new(Method::Get, &["cluster", "nextid"]))
            .await?;
        let text = answer::text(&data).and_then(|text| text.parse().ok());
        text.ok_or_else(|| malformed("asking for a free vmid", "the vmid"))
    }

    /// Whether nothing has this vmid, also nothing that the token cannot see.
    ///
    /// # Errors
    /// What was answered, unless it says that the vmid is taken.
    pub async fn is_free(&self, cx: &Cx, vmid: u32) -> Result<bool> {
        let request = Request::new(Method::Get, &["cluster", "nextid"]).with("vmid", vmid);
        match self.call(cx, &request).await {
            Ok(_) => Ok(true),
            Err(error) if error.code == Code::VmidTaken => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts a virtual machine into a pool, out of another one if need be.
    ///
    /// # Errors
    /// What was answered.
    pub async fn join_pool(&self, cx: &Cx, pool: &str, vmid: u32) -> Result<()> {
        let request = Request::new(Method::Put, &["pools"])
            .with("poolid", pool)
            .with("vms", vmid)
            .with("allow-move", 1);
        self.call(cx, &request).await.map(|_| ())
    }

    /// Takes a virtual machine out of its pool.
    ///
    /// # Errors
    /// What was answered.
    pub async fn leave_pool(&self, cx: &Cx, pool: &str, vmid: u32) -> Result<()> {
        let request = Request::new(Method::Put, &["pools"])
            .with("poolid", pool)
            .with("vms", vmid)
            .with("delete", 1);
        self.call(cx, &request).await.map(|_| ())
    }
}

/// A privilege that is held has the number 1 where it goes for what is below the path, too, and 0 where it does not.
fn is_audited(permissions: &Value) -> bool {
    permissions
        .get(VIRTUAL_MACHINES)
        .is_some_and(|held| truth(held, "VM.Audit"))
}

fn cluster(data: &Value) -> Result<Cluster> {
    let mut cluster = Cluster::default();
    for row in answer::list(data, "asking for the cluster")? {
        match (member(row, "type").as_deref(), member(row, "name")) {
            (Some("cluster"), name) => cluster.name = name,
            (Some("node"), Some(name)) => drop(cluster.nodes.insert(name)),
            _ => {}
        }
    }
    Ok(cluster)
}

fn node(row: &Value) -> Option<Node> {
    Some(Node {
        name: member(row, "node")?,
        online: member(row, "status").is_none_or(|status| status == "online"),
    })
}

fn place(row: &Value) -> Option<Place> {
    let kind = match member(row, "type")?.as_str() {
        "qemu" => Kind::Vm,
        "lxc" => Kind::Container,
        _ => return None,
    };
    Some(Place {
        kind,
        vmid: u32::try_from(number(row, "vmid")?).ok()?,
        node: member(row, "node")?,
        name: member(row, "name"),
        pool: member(row, "pool").filter(|pool| !pool.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cluster_has_a_name_and_a_host_alone_has_none() {
        // As recorded with Proxmox VE 9.2.
        let lone = json!([{"online": 1, "level": "", "nodeid": 0, "name": "pve1", "ip": "10.10.10.1",
            "id": "node/pve1", "type": "node", "local": 1}]);
        let expected = |name: Option<&str>, nodes: &[&str]| Cluster {
            name: name.map(str::to_owned),
            nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
        };
        assert_eq!(cluster(&lone), Ok(expected(None, &["pve1"])));
        // By the API viewer.
        let two = json!([
            {"id": "cluster", "type": "cluster", "name": "home", "nodes": 2, "quorate": 1, "version": 2},
            {"id": "node/a", "type": "node", "name": "a", "nodeid": 1, "online": 1},
            {"id": "node/b", "type": "node", "name": "b", "nodeid": 2, "online": 0}]);
        assert_eq!(cluster(&two), Ok(expected(Some("home"), &["a", "b"])));
        assert!(cluster(&json!({})).is_err());
    }

    #[test]
    fn containers_are_told_apart_and_stand_ins_are_no_names() {
        let row = |kind: &str, name: Value| {
            place(&json!({"type": kind, "vmid": 101, "node": "pve1", "name": name}))
        };
        assert!(
            row("qemu", json!("a"))
                .is_some_and(|place| place.kind == Kind::Vm && !place.is_nameless())
        );
        assert!(row("lxc", json!("a")).is_some_and(|place| place.kind == Kind::Container));
        assert!(row("storage", json!("a")).is_none());
        for name in [Value::Null, json!(""), json!("VM 101")] {
            assert!(
                row("qemu", name.clone()).is_some_and(|place| place.is_nameless()),
                "{name}"
            );
        }
        assert!(row("qemu", json!("VM 102")).is_some_and(|place| !place.is_nameless()));
    }

    #[test]
    fn all_machines_are_seen_with_a_privilege_that_goes_down_from_their_path() {
        let cases = [
            (json!({"/vms": {"VM.Audit": 1, "VM.Allocate": 0}}), true),
            (json!({"/vms": {"VM.Audit": "1"}}), true),
            (json!({"/vms": {"VM.Audit": 0}}), false),
            (json!({"/vms": {"VM.Allocate": 1}}), false),
            (json!({"/vms": {}}), false),
            (json!({"/vms/100": {"VM.Audit": 1}}), false),
            // A separated token without any right was seen to get this.
            (json!({}), false),
        ];
        for (permissions, all) in cases {
            assert_eq!(is_audited(&permissions), all, "{permissions}");
        }
    }
}
