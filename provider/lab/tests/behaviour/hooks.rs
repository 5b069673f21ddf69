use std::sync::{Arc, Mutex};

use lab::proxmox::PowerOn;
use lab::world::{Machines, Scenario};
use serde_json::json;

use crate::asked::{Asked, WORLD, upid};

/// Writes down what happens to machines.
#[derive(Default)]
struct Seen {
    words: Mutex<Vec<String>>,
    last: Mutex<Option<PowerOn>>,
}

impl Seen {
    fn note(&self, word: &str, machine: Option<PowerOn>) {
        self.words.lock().unwrap().push(word.to_owned());
        if machine.is_some() {
            *self.last.lock().unwrap() = machine;
        }
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.words.lock().unwrap())
    }

    fn hardware(&self) -> PowerOn {
        self.last.lock().unwrap().clone().unwrap()
    }
}

impl Machines for Seen {
    fn power_on(&self, machine: PowerOn) {
        self.note("on", Some(machine));
    }

    fn power_off(&self, _: u32) {
        self.note("off", None);
    }

    fn power_button(&self, _: u32) {
        self.note("button", None);
    }

    fn reset(&self, machine: PowerOn) {
        self.note("reset", Some(machine));
    }

    fn changed(&self, machine: PowerOn) {
        self.note("changed", Some(machine));
    }
}

fn played() -> (Asked, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let machines: Arc<dyn Machines> = Arc::clone(&seen) as _;
    let asked = Asked::with(Scenario::parse(WORLD).unwrap(), machines);
    asked.upload("iso", "seed.iso", b"cidata");
    asked.create(100, "name=cp01&cores=2&sockets=2&memory=2048&smbios1=uuid=11111111-2222-4333-8444-555555555555&scsi0=rbd:5,serial=a%20b&ide3=isos:iso/seed.iso,media=cdrom&efidisk0=rbd:1&net0=virtio=BC:24:11:00:00:01,bridge=vnet1,tag=7&net1=virtio=BC:24:11:00:00:02,bridge=vmbr0,link_down=1");
    (asked, seen)
}

#[test]
fn a_machine_finds_its_hardware() {
    let (asked, seen) = played();
    asked.work("POST", "/nodes/pve1/qemu/100/status/start", "");
    assert_eq!(seen.taken(), ["on"]);
    let machine = seen.hardware();
    assert_eq!(
        (machine.vmid, machine.name.as_str(), machine.node.as_str()),
        (100, "cp01", "pve1")
    );
    assert_eq!(machine.uuid, "11111111-2222-4333-8444-555555555555");
    assert_eq!((machine.cpus, machine.memory_mib), (4, 2048));
    assert_eq!(machine.boot_order, ["scsi0", "ide3", "net0"]);
    assert_eq!(machine.disks.len(), 1);
    assert_eq!(
        (machine.disks[0].size, machine.disks[0].serial.as_deref()),
        (5 << 30, Some("a b"))
    );
    assert_eq!(
        machine.cdroms[0].image.as_deref(),
        Some(b"cidata".as_slice())
    );
    assert_eq!(machine.links[0].bridge.as_deref(), Some("vnet1"));
    assert_eq!(
        (machine.links[0].vlan, machine.links[0].up),
        (Some(7), true)
    );
    assert_eq!(
        (machine.links[1].mac.as_str(), machine.links[1].up),
        ("BC:24:11:00:00:02", false)
    );
}

#[test]
fn a_machine_hears_of_power_and_hardware() {
    let (asked, seen) = played();
    asked.work("POST", "/nodes/pve1/qemu/100/status/start", "");
    asked.work("POST", "/nodes/pve1/qemu/100/status/reset", "");
    asked.ask(
        "PUT",
        "/nodes/pve1/qemu/100/config",
        "ide3=none,media=cdrom",
    );
    assert_eq!(seen.hardware().cdroms[0].image, None);
    asked.work("POST", "/nodes/pve1/qemu/100/config", "scsi1=rbd:1");
    assert_eq!(seen.hardware().disks.len(), 2);
    asked.work("PUT", "/nodes/pve1/qemu/100/resize", "disk=scsi1&size=2G");
    assert_eq!(seen.hardware().disks[1].size, 2 << 30);
    asked.work("POST", "/nodes/pve1/qemu/100/status/stop", "");
    assert_eq!(
        seen.taken(),
        ["on", "reset", "changed", "changed", "changed", "off"]
    );
}

#[test]
fn a_guest_ends_a_shutdown_by_itself() {
    let (asked, seen) = played();
    asked.work("POST", "/nodes/pve1/qemu/100/status/start", "");
    let shutdown = upid(&asked.ask("POST", "/nodes/pve1/qemu/100/status/shutdown", ""));
    assert_eq!(seen.taken(), ["on", "button"]);
    assert_eq!(asked.exit(&shutdown), "running");
    asked.lab.guest_stopped(100, false);
    assert_eq!(asked.exit(&shutdown), "OK");
    assert_eq!(seen.taken(), ["off"]);
}

#[test]
fn what_a_machine_writes_stays_on_the_disk() {
    let (asked, seen) = played();
    asked.work("POST", "/nodes/pve1/qemu/100/status/start", "");
    assert!(
        asked
            .lab
            .write_disk(100, "scsi0", json!({ "installed": "v1.12.6" }))
    );
    assert!(!asked.lab.write_disk(100, "scsi9", json!(1)));
    asked.lab.guest_stopped(100, false);
    asked.work("POST", "/nodes/pve1/qemu/100/clone", "newid=101");
    asked.work("POST", "/nodes/pve1/qemu/101/status/start", "");
    let machine = seen.hardware();
    assert_eq!(
        (machine.vmid, &machine.disks[0].written),
        (101, &json!({ "installed": "v1.12.6" }))
    );
}

#[test]
fn a_host_takes_its_machines_and_workers_with_it() {
    let (asked, seen) = played();
    asked.create(101, "name=b");
    asked.work("POST", "/nodes/pve1/qemu/100/status/start", "");
    let start = upid(&asked.ask("POST", "/nodes/pve1/qemu/101/status/start", ""));
    asked.lab.set_online("pve1", false);
    assert_eq!(seen.taken(), ["on", "off"]);
    assert_eq!(asked.refused("GET", "/nodes/pve1/qemu", "").0, 595);
    asked.lab.set_online("pve1", true);
    assert_eq!(asked.exit(&start), "unexpected status");
    let status = asked.get("/nodes/pve1/qemu/100/status/current");
    assert_eq!(status["status"], "stopped");
}
