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
    /// Hosts that are off.
    pub offline: BTreeSet<&'static str>,
    /// What the token does not see, because its rights do not go that far.
    pub hidden: BTreeSet<u32>,
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
                Reply::data(json!([node("pve1"), node("pve2")]))
            }
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
            .filter(|(upid, _)| wanted(upid) && asked.get("source") != Some("active"));
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

    fn resources(&self) -> Value {
        let row = |(vmid, vm): (&u32, &FakeVm)| {
            json!({"type": "qemu", "id": format!("qemu/{vmid}"), "vmid": vmid, "node": vm.node,
                "name": vm.values.get("name"), "pool": vm.values.get("pool")})
        };
        let seen = self.vms.iter();
        seen.filter(|(vmid, _)| !self.hidden.contains(vmid))
            .map(row)
            .collect()
    }

    /// Rights on `/vms` where they go down from there, and on the path alone where some machine is hidden.
    fn permissions(&self, asked: &Asked) -> Value {
        assert_eq!(asked.get("path"), Some("/vms"));
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
        match asked.get("vmid").map(|vmid| vmid.parse::<u32>().unwrap()) {
            Some(vmid) if self.vms.contains_key(&vmid) => {
                Reply::refused(json!({"vmid": format!("VM {vmid} already exists")}))
            }
            Some(vmid) => Reply::data(json!(vmid.to_string())),
            None => {
                let free = (100..).find(|vmid| !self.vms.contains_key(vmid)).unwrap();
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
