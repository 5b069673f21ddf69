//! A small Proxmox VE for unit tests: two hosts that remember. Answers are shaped after what the real one was seen to say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests end by panicking"
)]

mod vms;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use framework::prelude::*;
use framework::testing::MiniCore;
use proxmox_client::testing::{Asked, FakeHost, Reply, TOKEN};
use serde_json::{Value, json};

use crate::provider::{Data, Proxmox, ProxmoxDefaults, TalosStack};

/// What happens to the next request of a kind.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It takes effect, and its answer is lost.
    Lost,
    /// The same, and its task goes on for as long as nobody sets `making` back.
    LostAndLong,
    /// It takes no effect, and there is no answer.
    Dropped,
    /// It is refused.
    Refused(u16, &'static str),
    /// Its task fails, without effect.
    Fails(&'static str),
}

/// A virtual machine.
#[derive(Clone, Debug, Default)]
pub struct FakeVm {
    /// Host.
    pub node: String,
    /// Values in effect.
    pub values: BTreeMap<String, String>,
    /// Values that wait; `None` goes away.
    pub pending: BTreeMap<String, Option<String>>,
    /// Whether it runs.
    pub running: bool,
    /// Looks at it that still find it being made.
    pub making: u32,
    /// Bytes that it wrote, by drive; none to those that are not named.
    pub written: BTreeMap<String, u64>,
}

/// Called when a machine was started or stopped, before the answer goes out: its vmid, and whether it runs.
pub type OnPower = Box<dyn FnMut(u32, bool) + Send>;

/// Everything that is remembered.
#[derive(Default)]
pub struct World {
    /// By vmid.
    pub vms: BTreeMap<u32, FakeVm>,
    /// Names of hosts.
    pub hosts: Vec<&'static str>,
    /// Name of the cluster; none where a host stands alone.
    pub cluster: Option<&'static str>,
    /// Hosts that are off.
    pub offline: BTreeSet<&'static str>,
    /// What the token does not see, because its rights do not go that far.
    pub hidden: BTreeSet<u32>,
    /// What the list says in place of a machine's name, as it does of new ones.
    pub listed_names: BTreeMap<u32, Option<String>>,
    /// Hosts and names of containers.
    pub containers: BTreeMap<u32, (&'static str, &'static str)>,
    /// Whether the token sees its own tasks alone, because it has no `Sys.Audit`.
    pub own_tasks_only: bool,
    /// Sizes by volume.
    pub volumes: BTreeMap<String, u64>,
    /// Digests that the content of volumes has.
    pub digests: BTreeMap<String, String>,
    /// High availability by vmid.
    pub ha: BTreeMap<u32, BTreeMap<String, String>>,
    /// Finished tasks: name and exit status.
    pub tasks: Vec<(String, String)>,
    /// Faults by the beginning of method and path; each happens once.
    pub faults: Vec<(&'static str, Fault)>,
    /// Content that storages take, by name; the same on both hosts.
    pub storages: BTreeMap<&'static str, (&'static str, bool)>,
    /// What a change of power does outside.
    pub on_power: Option<OnPower>,
    changes: u64,
}

/// A running cluster.
pub struct FakePve {
    /// What answers.
    pub host: FakeHost,
    world: Arc<Mutex<World>>,
}

impl FakePve {
    /// Two hosts, `pve1` and `pve2`, with storages `vms` (disks, shared) and `files` (images, shared).
    pub async fn start() -> Self {
        let world = World {
            hosts: vec!["pve1", "pve2"],
            cluster: Some("test"),
            storages: BTreeMap::from([("vms", ("images", true)), ("files", ("iso,import", true))]),
            ..World::default()
        };
        let world = Arc::new(Mutex::new(world));
        let shared = world.clone();
        let host = FakeHost::start(move |asked| answer(&mut locked(&shared), asked)).await;
        Self { host, world }
    }

    /// What is there now.
    pub fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.world)
    }

    /// Makes the next request of a kind go wrong.
    pub fn fault(&self, on: &'static str, fault: Fault) {
        self.world().faults.push((on, fault));
    }

    /// The provider's data for this cluster.
    pub fn data(&self) -> Data {
        let mut data = super::testing::data();
        let config = ProxmoxDefaults {
            endpoint: self.host.address.clone().into(),
            api_token: Field::Known(Secret::new(TOKEN.to_owned())),
            ca_pem: self.host.ca_pem.clone().into(),
            ..ProxmoxDefaults::absent(false)
        };
        data.proxmox = Proxmox::new(Field::Known(config), &|_| None);
        data
    }

    /// The provider on this cluster.
    pub fn core(&self) -> MiniCore<TalosStack> {
        MiniCore::with_data(self.data())
    }
}

fn locked(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(world: &mut World, asked: &Asked) -> Reply {
    let line = asked.line();
    let fault = world.faults.iter().position(|(on, _)| line.starts_with(on));
    match fault.map(|index| world.faults.remove(index).1) {
        None => world.carry_out(asked),
        Some(fault @ (Fault::Lost | Fault::LostAndLong)) => {
            let looks = if matches!(fault, Fault::Lost) {
                2
            } else {
                u32::MAX
            };
            let before: Vec<u32> = world.vms.keys().copied().collect();
            let _ = world.carry_out(asked);
            // The task goes on while nobody waits for it.
            let new = world
                .vms
                .iter_mut()
                .filter(|(vmid, _)| !before.contains(vmid));
            new.for_each(|(_, vm)| vm.making = looks);
            Reply::hang_up()
        }
        Some(Fault::Dropped) => Reply::hang_up(),
        Some(Fault::Refused(status, text)) => Reply::error(status, text),
        Some(Fault::Fails(text)) => world.task("qmtask", "", text),
    }
}

impl World {
    fn carry_out(&mut self, asked: &Asked) -> Reply {
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        // All tasks say that they are of the first host, whoever does them.
        if let ["nodes", node, what, ..] = path.as_slice()
            && *what != "tasks"
            && !self.hosts.contains(node)
        {
            return Reply::error(
                500,
                &format!(
                    "hostname lookup '{node}' failed - failed to get address info for: {node}: Name or service not known"
                ),
            );
        }
        if let ["nodes", node, what, ..] = path.as_slice()
            && *what != "tasks"
            && self.offline.contains(node)
        {
            return Reply::error(595, "No route to host");
        }
        match (asked.method.as_str(), path.as_slice()) {
            ("GET", ["nodes"]) => {
                let node = |name: &str| {
                    let off = self.offline.contains(name);
                    json!({"node": name, "status": if off { "offline" } else { "online" }, "type": "node"})
                };
                Reply::data(self.hosts.iter().map(|name| node(name)).collect())
            }
            ("GET", ["cluster", "status"]) => Reply::data(self.cluster()),
            ("GET", ["cluster", "resources"]) => Reply::data(self.resources()),
            ("GET", ["access", "permissions"]) => Reply::data(self.permissions(asked)),
            ("GET", ["cluster", "nextid"]) => self.next_id(asked),
            ("PUT", ["pools"]) => self.pool(asked),
            (_, ["cluster", "ha", "resources", rest @ ..]) => self.high_availability(asked, rest),
            ("GET", ["nodes", _, "tasks", upid, "status"]) => self.task_status(upid),
            ("GET", ["nodes", _, "tasks", upid, "log"]) => {
                let exit = self.exit_of(upid);
                Reply::data(json!([{"n": 1, "t": format!("TASK ERROR: {exit}")}]))
            }
            ("GET", ["nodes", _, "tasks"]) => self.task_list(asked),
            (_, ["nodes", node, "qemu", rest @ ..]) => self.qemu(asked, node, rest),
            (_, ["nodes", _, "storage", rest @ ..]) => self.storage(asked, rest),
            ("GET", ["nodes", _, "query-url-metadata"]) => {
                Reply::data(json!({"size": 1000, "mimetype": "x", "filename": "x"}))
            }
            _ => Reply::error(501, &format!("Method '{}' not implemented", asked.line())),
        }
    }

    /// A task that is done at once.
    fn task(&mut self, kind: &str, id: &str, exit: &str) -> Reply {
        self.changes += 1;
        let started = 0x6B00_0000_u64 + self.changes;
        let upid = format!(
            "UPID:pve1:{:08X}:00000001:{started:08X}:{kind}:{id}:talos@pve!test:",
            self.changes
        );
        self.tasks.push((upid.clone(), exit.to_owned()));
        Reply::data(json!(upid))
    }

    fn exit_of(&self, upid: &str) -> String {
        let found = self.tasks.iter().find(|(name, _)| name == upid);
        found.map_or_else(|| "unexpected status".to_owned(), |(_, exit)| exit.clone())
    }

    fn task_status(&self, upid: &str) -> Reply {
        Reply::data(json!({"status": "stopped", "exitstatus": self.exit_of(upid), "upid": upid}))
    }

    fn task_list(&self, asked: &Asked) -> Reply {
        let wanted = |upid: &str| {
            asked
                .get("vmid")
                .is_none_or(|vmid| upid.split(':').nth(6) == Some(vmid))
        };
        let tasks = self
            .tasks
            .iter()
            .filter(|(upid, _)| wanted(upid) && asked.get("source") != Some("active"))
            .filter(|(upid, _)| !self.own_tasks_only || upid.contains(":talos@pve!test:"));
        let row = |(upid, exit): &(String, String)| {
            if self.is_making(upid) {
                json!({"upid": upid})
            } else {
                json!({"upid": upid, "status": exit, "endtime": 1})
            }
        };
        Reply::data(tasks.map(row).collect())
    }

    /// Whether a task makes a machine that is not done.
    fn is_making(&self, upid: &str) -> bool {
        let parts: Vec<&str> = upid.split(':').collect();
        let vm = parts
            .get(6)
            .and_then(|vmid| self.vms.get(&vmid.parse().ok()?));
        parts.get(5) == Some(&"qmcreate") && vm.is_some_and(|vm| vm.making > 0)
    }

    fn cluster(&self) -> Value {
        let row = |name: &&str| json!({"type": "node", "id": format!("node/{name}"), "name": name});
        let whole = self
            .cluster
            .map(|name| json!({"type": "cluster", "id": "cluster", "name": name, "quorate": 1}));
        whole
            .into_iter()
            .chain(self.hosts.iter().map(row))
            .collect()
    }

    fn resources(&self) -> Value {
        let row = |(vmid, vm): (&u32, &FakeVm)| {
            let name = vm.values.get("name").cloned();
            let name = self.listed_names.get(vmid).cloned().unwrap_or(name);
            json!({"type": "qemu", "id": format!("qemu/{vmid}"), "vmid": vmid, "node": vm.node,
                "name": name, "pool": vm.values.get("pool")})
        };
        let container = |(vmid, (node, name)): (&u32, &(&str, &str))| json!({"type": "lxc", "id": format!("lxc/{vmid}"), "vmid": vmid, "node": node, "name": name});
        let seen = self
            .vms
            .iter()
            .filter(|(vmid, _)| !self.hidden.contains(vmid));
        seen.map(row)
            .chain(self.containers.iter().map(container))
            .collect()
    }

    /// Rights on `/vms` where they go down from there, and on the path alone where some machine is hidden; those on hosts.
    fn permissions(&self, asked: &Asked) -> Value {
        let path = asked.get("path").unwrap_or_default();
        if path.starts_with("/nodes/") {
            return if self.own_tasks_only {
                json!({})
            } else {
                json!({ path: {"Sys.Audit": 0} })
            };
        }
        assert_eq!(path, "/vms");
        json!({"/vms": {"VM.Audit": u8::from(self.hidden.is_empty()), "VM.PowerMgmt": 1}})
    }

    fn pool(&mut self, asked: &Asked) -> Reply {
        let vmid: u32 = asked.get("vms").unwrap().parse().unwrap();
        let values = &mut self.vms.get_mut(&vmid).unwrap().values;
        match asked.get("delete") {
            Some(_) => values.remove("pool"),
            None => values.insert("pool".to_owned(), asked.get("poolid").unwrap().to_owned()),
        };
        Reply::data(Value::Null)
    }

    fn next_id(&self, asked: &Asked) -> Reply {
        let is_taken =
            |vmid: &u32| self.vms.contains_key(vmid) || self.containers.contains_key(vmid);
        match asked.get("vmid").map(|vmid| vmid.parse::<u32>().unwrap()) {
            Some(vmid) if is_taken(&vmid) => {
                Reply::refused(json!({"vmid": format!("VM {vmid} already exists")}))
            }
            Some(vmid) => Reply::data(json!(vmid.to_string())),
            None => {
                let free = (100..).find(|vmid| !is_taken(vmid)).unwrap();
                Reply::data(json!(free.to_string()))
            }
        }
    }

    fn high_availability(&mut self, asked: &Asked, rest: &[&str]) -> Reply {
        let sid = rest
            .first()
            .copied()
            .or(asked.get("sid"))
            .unwrap_or_default();
        let vmid: u32 = sid.trim_start_matches("vm:").parse().unwrap();
        let settings = asked
            .parameters
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "sid" | "delete"))
            .cloned();
        match asked.method.as_str() {
            "POST" => {
                self.ha.insert(vmid, settings.collect());
            }
            "PUT" => self.ha.get_mut(&vmid).unwrap().extend(settings),
            "DELETE" => {
                self.ha.remove(&vmid);
            }
            _ => {
                return match self.ha.get(&vmid) {
                    Some(settings) => Reply::data(json!(settings)),
                    None => Reply::error(500, &format!("no such resource '{sid}'")),
                };
            }
        }
        Reply::data(Value::Null)
    }
}
