//! Three machines, the root modules, and what can be seen of the machines without their API.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use acceptance_tests::machines::{Rack, RackSpec, patches};
use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::roots::Root;
use acceptance_tests::talosctl::Talosctl;
use serde_json::{Value, json};

use crate::modules;

pub const MACHINES: [&str; 3] = ["cp1", "cp2", "cp3"];
pub const ADDRESSES: [&str; 3] = ["10.5.0.11", "10.5.0.12", "10.5.0.13"];
/// How long etcd may take to its first member.
pub const MEMBER: Duration = Duration::from_secs(60);

/// etcd has data a second after an accepted bootstrap.
const CUT_OFF: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

pub struct Bench {
    rack: Rack,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            rack: Rack::start(RackSpec::new(3), &mut Stderr).unwrap(),
        }
    }

    pub fn rack(&self) -> &Rack {
        &self.rack
    }

    pub fn machines(&self) -> Root<'_> {
        let root = Root::new(&self.rack, "machines", modules::MACHINES).unwrap();
        self.change(&root, &json!({}));
        root
    }

    pub fn patches(&self) -> Root<'_> {
        Root::new(&self.rack, "patches", modules::PATCHES).unwrap()
    }

    pub fn cluster(&self) -> Root<'_> {
        let root = Root::new(&self.rack, "cluster", modules::CLUSTER).unwrap();
        self.change(&root, &json!({}));
        root
    }

    /// Sets the variables of a module: what all have in common, and `inputs`.
    pub fn change(&self, root: &Root<'_>, inputs: &Value) {
        let addresses: serde_json::Map<_, _> = MACHINES
            .iter()
            .zip(ADDRESSES)
            .map(|(name, address)| ((*name).to_owned(), json!(address)))
            .collect();
        let mut all = json!({ "addresses": addresses });
        if root.folder().ends_with("machines") {
            all["suits_rack"] = json!(patches::SUITS_RACK);
        } else {
            all["client_configuration"] = self.client_configuration();
        }
        for (name, value) in inputs.as_object().unwrap() {
            all[name] = value.clone();
        }
        root.variables(&all).unwrap();
    }

    fn client_configuration(&self) -> Value {
        let machines = Root::new(&self.rack, "machines", modules::MACHINES).unwrap();
        machines.outputs().unwrap()["client_configuration"].clone()
    }

    /// One more apply goes through, and there is nothing left to do.
    pub fn converges(&self, root: &Root<'_>, when: &str) {
        let run = root.apply().unwrap();
        Stderr.line(&format!(
            "--- {when} ({:.1} s)\n{}",
            run.took.as_secs_f64(),
            run.told()
        ));
        assert!(run.ok, "{when}:\n{}", run.told());
        let plan = root
            .run(&["plan", "-json", "-input=false", "-detailed-exitcode"])
            .unwrap();
        assert!(
            plan.ok,
            "{when}: something is left to do\n{}\n{}",
            plan.told(),
            plan.said
        );
    }

    /// One machine gets its configuration; the others may be off.
    pub fn configures(&self, machine: &str) {
        let target = format!("-target=talos_machine_apply.node[\"{machine}\"]");
        let arguments = ["apply", "-json", "-input=false", "-auto-approve", &target];
        let run = self.machines().run(&arguments).unwrap();
        assert!(run.ok, "{machine} got no configuration:\n{}", run.told());
    }

    /// The configuration on a machine's disk.
    pub fn on_disk(&self, machine: &str) -> Option<String> {
        fs::read_to_string(self.disk(machine).join("system/state/config.yaml")).ok()
    }

    fn disk(&self, machine: &str) -> PathBuf {
        self.rack.dir().join(machine).join("state")
    }

    /// How many machines have a configuration.
    pub fn configured(&self) -> usize {
        MACHINES
            .iter()
            .filter(|name| self.on_disk(name).is_some_and(|text| !text.is_empty()))
            .count()
    }

    /// How many machines have `text` in their configuration.
    pub fn holding(&self, text: &str) -> usize {
        MACHINES
            .iter()
            .filter(|name| {
                self.on_disk(name)
                    .is_some_and(|config| config.contains(text))
            })
            .count()
    }

    /// How many bootstraps the machines have accepted.
    pub fn bootstraps(&self) -> usize {
        let logs = self
            .rack
            .machines()
            .map(|machine| fs::read(machine.log()).unwrap_or_default());
        logs.map(|log| {
            String::from_utf8_lossy(&log)
                .matches("bootstrap request received")
                .count()
        })
        .sum()
    }

    fn etcd(&self, machine: &str) -> PathBuf {
        self.disk(machine).join("var/lib/etcd/member")
    }

    /// How many machines have data of etcd.
    pub fn members(&self) -> usize {
        MACHINES
            .iter()
            .filter(|name| self.etcd(name).exists())
            .count()
    }

    /// The machine that has joined last, or will: the last one without data.
    pub fn youngest(&self) -> String {
        let made = |name: &&&str| {
            fs::metadata(self.etcd(name))
                .and_then(|data| data.created())
                .ok()
        };
        let without = MACHINES.iter().find(|name| !self.etcd(name).exists());
        without
            .or_else(|| MACHINES.iter().max_by_key(made))
            .unwrap()
            .to_string()
    }

    /// Ids of the voting members that one machine lists.
    pub fn member_ids(&self, address: &str) -> BTreeSet<String> {
        let table = self.talosctl().at(address, &["etcd", "members"]).unwrap();
        let rows = table
            .lines()
            .skip(1)
            .map(|row| row.split_whitespace().collect::<Vec<_>>());
        rows.filter(|row| row.last() == Some(&"false"))
            .map(|row| row[1].to_owned())
            .collect()
    }

    /// Waits for the first member that an accepted bootstrap makes; none where it was cut off.
    pub fn first_member(&self) -> Option<String> {
        let began = Instant::now();
        while self.members() == 0 {
            if began.elapsed() > CUT_OFF {
                return None;
            }
            std::thread::sleep(POLL);
        }
        let first = ADDRESSES[0];
        self.talosctl()
            .wait(first, &["etcd", "members"], MEMBER, |text| {
                text.contains(first)
            })
            .unwrap();
        self.member_ids(first).into_iter().next()
    }

    /// Official talosctl with the identity of the cluster.
    pub fn talosctl(&self) -> Talosctl<'_> {
        let folder = self.rack.files().unwrap().join("official");
        fs::create_dir_all(&folder).unwrap();
        let identity = self.client_configuration();
        let member = |name: &str| identity[name].as_str().unwrap();
        let talosconfig = format!(
            "context: killed\ncontexts:\n  killed:\n    endpoints: []\n    ca: {}\n    crt: {}\n    key: {}\n",
            member("ca_certificate"),
            member("client_certificate"),
            member("client_key")
        );
        fs::write(folder.join("talosconfig"), talosconfig).unwrap();
        Talosctl::new(&self.rack, &folder).unwrap()
    }
}
