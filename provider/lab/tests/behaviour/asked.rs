//! A lab and short ways to ask it.

use std::sync::Arc;
use std::time::Duration;

use lab::proxmox::{Answer, Body, File, Request};
use lab::world::{Lab, Machines, NoMachines, Options, Scenario};
use serde_json::Value;

/// Two hosts, storages of each kind, tokens with and without rights.
pub const WORLD: &str = "
world:
  hosts:
    pve1: { address: 192.0.2.1, cpus: 8, memory_gib: 16 }
    pve2: { address: 192.0.2.2 }
  storages:
    local: { type: dir, path: /var/lib/vz, content: [images, iso, import, snippets] }
    small: { type: lvm, content: [images], size_gib: 10 }
    rbd: { type: rbd, content: [images], shared: true }
    isos: { type: cephfs, content: [iso, import], shared: true, size_gib: 0.01 }
  vnets: { vnet1: { zone: evpn, tag: 5 } }
  users: { root@pam: secret, joe@pve: joe }
  roles:
    Builder: [VM.Allocate, VM.Audit, VM.Config.Options, VM.Config.CPU, VM.Config.Disk, VM.Config.Network, VM.PowerMgmt, Datastore.AllocateSpace, SDN.Use]
  tokens:
    root@pam!all: { secret: all }
    root@pam!none: { secret: none, separate: true }
    joe@pve!t: { secret: joe }
    joe@pve!much: { secret: much, separate: true }
  acl:
    - { path: /, who: joe@pve, role: Builder }
    - { path: /vms/900, who: joe@pve, role: PVEAuditor }
    - { path: /, who: joe@pve!much, role: Administrator }
  pools: [builds]
";

/// A lab with explicit time.
pub struct Asked {
    pub lab: Arc<Lab>,
    token: String,
}

impl Asked {
    pub fn new() -> Self {
        Self::with(Scenario::parse(WORLD).unwrap(), Arc::new(NoMachines))
    }

    pub fn with(scenario: Scenario, machines: Arc<dyn Machines>) -> Self {
        let options = Options {
            scenario,
            ..Options::default()
        };
        Self::played(Lab::new(options, machines).unwrap())
    }

    pub fn played(lab: Arc<Lab>) -> Self {
        Self {
            lab,
            token: "root@pam!all=all".to_owned(),
        }
    }

    /// The same lab, asked by somebody else.
    pub fn by(&self, token: &str) -> Self {
        Self {
            lab: Arc::clone(&self.lab),
            token: token.to_owned(),
        }
    }

    pub fn send(&self, mut request: Request) -> Answer {
        request.authorization = Some(format!("PVEAPIToken={}", self.token));
        self.lab.request(&request)
    }

    /// Asks; parameters as a form (`a=1&b=2`, no encoding).
    pub fn ask(&self, verb: &str, path: &str, form: &str) -> Answer {
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(&str, &str)> = pairs.collect();
        self.send(Request::new(verb, path, &pairs))
    }

    /// Data of an answer that must be good.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.reason);
        answer.body.unwrap()["data"].clone()
    }

    /// Asks for something that a worker does, and gives how it ended.
    pub fn work(&self, verb: &str, path: &str, form: &str) -> String {
        let answer = self.ask(verb, path, form);
        assert_eq!(
            answer.status, 200,
            "{verb} {path} {form}: {}",
            answer.reason
        );
        let upid = upid(&answer);
        self.lab.settle();
        self.exit(&upid)
    }

    pub fn exit(&self, upid: &str) -> String {
        let node = upid.split(':').nth(1).unwrap();
        let status = self.get(&format!("/nodes/{node}/tasks/{upid}/status"));
        status["exitstatus"]
            .as_str()
            .unwrap_or("running")
            .to_owned()
    }

    /// Something that must be refused; the reason phrase.
    pub fn refused(&self, verb: &str, path: &str, form: &str) -> (u16, String) {
        let answer = self.ask(verb, path, form);
        assert!(answer.status >= 400, "{verb} {path} {form} was taken");
        (answer.status, answer.reason)
    }

    /// The text of one parameter's error.
    pub fn error(&self, verb: &str, path: &str, form: &str, name: &str) -> String {
        let answer = self.ask(verb, path, form);
        assert_eq!(
            answer.status, 400,
            "{verb} {path} {form}: {}",
            answer.reason
        );
        let body = answer.body.unwrap();
        body["errors"][name]
            .as_str()
            .unwrap_or_else(|| panic!("{body}"))
            .to_owned()
    }

    pub fn create(&self, vmid: u32, form: &str) {
        let form = format!("vmid={vmid}&{form}");
        assert_eq!(self.work("POST", "/nodes/pve1/qemu", &form), "OK", "{form}");
    }

    /// One option of a VM on the first host.
    pub fn option(&self, vmid: u32, name: &str) -> Value {
        self.get(&format!("/nodes/pve1/qemu/{vmid}/config"))[name].clone()
    }

    /// Options that wait for the next start.
    pub fn waiting(&self, vmid: u32) -> Vec<String> {
        let rows = self.get(&format!("/nodes/pve1/qemu/{vmid}/pending"));
        let rows = rows.as_array().unwrap().iter();
        rows.filter(|row| row.get("pending").is_some() || row.get("delete").is_some())
            .map(|row| row["key"].as_str().unwrap().to_owned())
            .collect()
    }

    pub fn upload(&self, content: &str, name: &str, bytes: &[u8]) -> String {
        let mut request = Request::new("POST", "/nodes/pve1/storage/isos/upload", &[]);
        let file = File {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        };
        request.body = Body::Upload(vec![("content".into(), content.into())], Some(file));
        let answer = self.send(request);
        assert_eq!(answer.status, 200, "{}", answer.reason);
        self.lab.settle();
        self.exit(&upid(&answer))
    }

    pub fn pass(&self, seconds: u64) {
        self.lab.advance(Duration::from_secs(seconds));
    }
}

pub fn upid(answer: &Answer) -> String {
    let body = answer.body.as_ref().unwrap();
    body["data"]
        .as_str()
        .unwrap_or_else(|| panic!("no task in {body}"))
        .to_owned()
}
