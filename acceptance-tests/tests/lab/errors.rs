//! Everything that can be wrong between a configuration and Proxmox VE: each fault is one error with code, cause and
//! cure, told soon; state and the hosts are what they were.

use acceptance_tests::lab::Lab;
use acceptance_tests::roots::Root;
use acceptance_tests::subject::{Fault, Subject, succeeds};
use serde_json::{Value, json};

const SCENARIO: &str = r#"
world:
  hosts:
    pve01: { address: 192.0.2.11 }
    pve02: { address: 192.0.2.12 }
    pve03: { address: 192.0.2.13, online: false }
  storages:
    files: { type: cephfs, content: [iso, import], shared: true, path: /mnt/pve/files }
    disks: { type: rbd, content: [images], shared: true }
    tiny: { type: lvm, content: [images], size_gib: 2 }
  tokens:
    "root@pam!lab": { secret: 00000000-1111-4222-8333-444444444444 }
    "terraform@pve!poor": { secret: 55555555-6666-4777-8888-999999999999 }
  users: { "root@pam": lab-root, "terraform@pve": lab-user }
  roles:
    Poor: [VM.Audit, VM.Config.CDROM, VM.Config.CPU, VM.Config.Disk, VM.Config.HWType, VM.Config.Memory, VM.Config.Network,
      VM.Config.Options, VM.PowerMgmt, Datastore.AllocateSpace, Datastore.Audit, SDN.Use, Sys.Audit]
  acl:
    - { path: /, who: "terraform@pve", role: Poor }
  vms:
    777: { node: pve01, options: { name: somebody } }
"#;

const MODULE: &str = r#"
variable "api_token" { sensitive = true }
variable "vms" {}
variable "images" {}

provider "talos" {
  cluster_name = "wrong"
  proxmox      = { api_token = var.api_token }
}

resource "talos_image_schematic" "plain" {}

resource "proxmox_talos_image" "image" {
  provider  = talos
  for_each  = var.images
  storage   = "files"
  file_name = "${each.key}.iso"
  factory   = { schematic_id = talos_image_schematic.plain.id, talos_version = "v1.12.6" }
  checksum  = each.value == "" ? null : { algorithm = "sha256", value = each.value }
}

resource "proxmox_talos_vm" "vm" {
  provider = talos
  for_each = var.vms
  name     = each.key
  node     = each.value.node
  vmid     = each.value.vmid
  efi_disk = { storage = each.value.storage }
  memory   = { mib = 2048 }
  disks    = { scsi0 = { storage = each.value.storage, size_gib = 8 } }
  nics     = { net0 = { bridge = each.value.bridge } }
}
"#;

/// What every one of them says.
const SAYS: [&str; 3] = ["Tried:", "Cause:", "Cure:"];

struct Bench<'a> {
    lab: &'a Lab,
    subject: Subject<'a>,
    token: String,
}

#[test]
fn each_refusal_of_proxmox_is_one_error_that_names_cause_and_cure() {
    let folder = tempfile::Builder::new().prefix("lab-").tempdir().unwrap();
    let lab = Lab::serve(folder.path(), SCENARIO).unwrap();
    let bench = Bench::new(&lab);
    bench.token_without_a_privilege();
    bench.machines();
    bench.checksum();
    bench.subject.unchanged();
}

impl<'a> Bench<'a> {
    /// A machine and an image that are there and stay there.
    fn new(lab: &'a Lab) -> Self {
        let token = lab.variable("PROXMOX_VE_API_TOKEN").unwrap();
        let good = json!({ "api_token": token, "images": { "kept": "" }, "vms": { "kept": machine(&json!({ "vmid": 101 })) } });
        let subject = Subject::new(Root::new(lab, "wrong", MODULE).unwrap(), good);
        succeeds(&subject.root.apply().unwrap(), "what is there");
        subject.unchanged();
        Self {
            lab,
            subject,
            token,
        }
    }

    /// One error, soon, and nothing has changed: neither in state nor on the hosts.
    fn refuses(&self, name: &str, inputs: Value, code: &str, says: &[&str]) {
        let before = self.world();
        let says = [&SAYS[..], says].concat();
        let fault = Fault {
            name,
            inputs,
            code,
            says: &says,
        };
        self.subject.refuses(&fault);
        assert_eq!(self.world(), before, "{name}: something was left behind");
    }

    /// Machines and volumes.
    fn world(&self) -> Value {
        let ask = |path: &str| self.lab.proxmox(path).unwrap();
        let storages = ["files", "disks", "tiny"];
        let content = |storage| ask(&format!("/nodes/pve01/storage/{storage}/content"));
        let vms = ask("/cluster/resources?type=vm");
        let vms = vms.as_array().unwrap().iter();
        let vms = vms.map(|vm| json!([vm["vmid"], vm["name"], vm["node"], vm["status"]]));
        json!({ "vms": vms.collect::<Vec<_>>(), "volumes": storages.map(content) })
    }

    fn token_without_a_privilege(&self) {
        let poor = "terraform@pve!poor=55555555-6666-4777-8888-999999999999";
        assert_ne!(self.token, poor);
        let inputs = json!({ "api_token": poor, "vms": machines(&json!({})) });
        let says = ["wrong", "VM.Allocate", "/vms/102", "pveum acl modify"];
        self.refuses(
            "token without VM.Allocate",
            inputs,
            "TS-PVE-PERMISSION",
            &says,
        );
    }

    fn machines(&self) {
        let cases: [(_, _, _, &[&str]); 6] = [
            (
                "vmid of somebody else's machine",
                json!({ "vmid": 777 }),
                "TS-PVE-VMID-TAKEN",
                &[
                    "777",
                    "somebody",
                    "does not carry our mark",
                    "choose another `vmid`",
                ],
            ),
            (
                "unknown storage",
                json!({ "storage": "nowhere" }),
                "TS-PVE-STORAGE-UNKNOWN",
                &["nowhere", "pvesm status"],
            ),
            (
                "full storage",
                json!({ "storage": "tiny" }),
                "TS-PVE-STORAGE-FULL",
                &["tiny", "free space"],
            ),
            (
                "host that is off",
                json!({ "node": "pve03" }),
                "TS-PVE-HOST-OFFLINE",
                &["pve03", "bring the host back"],
            ),
            (
                "unknown host",
                json!({ "node": "pve09" }),
                "TS-PVE-HOST-UNKNOWN",
                &["pve09", "pvecm nodes"],
            ),
            (
                "unknown bridge",
                json!({ "bridge": "vmbr9" }),
                "TS-PVE-BRIDGE-UNKNOWN",
                &["vmbr9", "nics"],
            ),
        ];
        for (name, wrong, code, says) in cases {
            self.refuses(name, json!({ "vms": machines(&wrong) }), code, says);
        }
    }

    fn checksum(&self) {
        let images = json!({ "kept": "", "wrong": "ab".repeat(32) });
        let says = ["wrong.iso", "mismatch", "correct `checksum`"];
        let inputs = json!({ "images": images });
        self.refuses("wrong checksum", inputs, "TS-PVE-CHECKSUM", &says);
        // The host compares what is there already.
        let inputs = json!({ "images": { "kept": "ab".repeat(32) } });
        let says = ["kept.iso", "mismatch", "set another `file_name`"];
        let name = "file of the same name with another checksum";
        self.refuses(name, inputs, "TS-PVE-FILE-EXISTS", &says);
    }
}

/// A machine that Proxmox VE takes, but for what is `wrong`.
fn machine(wrong: &Value) -> Value {
    let mut machine =
        json!({ "node": "pve01", "vmid": 102, "storage": "disks", "bridge": "vmbr0" });
    for (name, value) in wrong.as_object().unwrap() {
        machine[name] = value.clone();
    }
    machine
}

/// The machine that stays, and one that is wrong.
fn machines(wrong: &Value) -> Value {
    json!({ "kept": machine(&json!({ "vmid": 101 })), "wrong": machine(wrong) })
}
