use std::sync::Arc;

use lab::world::{Lab, NoMachines, Options, Scenario};
use serde_json::json;

use crate::asked::{Asked, WORLD, upid};

#[test]
fn a_vm_goes_with_its_own_volumes() {
    let asked = Asked::new();
    asked.create(200, "scsi0=rbd:1");
    asked.create(
        100,
        "scsi0=rbd:1&scsi1=rbd:vm-200-disk-0&ide2=local:cloudinit",
    );
    asked.ask("PUT", "/nodes/pve1/qemu/100/config", "scsi2=rbd:1");
    asked.ask("PUT", "/nodes/pve1/qemu/100/config", "delete=scsi2");
    assert_eq!(asked.work("DELETE", "/nodes/pve1/qemu/100", ""), "OK");
    let left = asked.get("/nodes/pve1/storage/rbd/content");
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["volid"], "rbd:vm-200-disk-0");
    assert_eq!(asked.get("/nodes/pve1/storage/local/content"), json!([]));
}

#[test]
fn protection_holds_vm_and_disks() {
    let asked = Asked::new();
    asked.create(100, "scsi0=rbd:1&protection=1");
    assert_eq!(
        asked.refused("DELETE", "/nodes/pve1/qemu/100", "").1,
        "can't remove VM 100 - protection mode enabled"
    );
    let (_, reason) = asked.refused("PUT", "/nodes/pve1/qemu/100/config", "delete=scsi0");
    assert_eq!(
        reason,
        "can't remove drive 'scsi0' - protection mode enabled"
    );
}

#[test]
fn tasks_are_listed_and_explained() {
    let asked = Asked::new();
    asked.create(100, "scsi0=local:1");
    let start = upid(&asked.ask("POST", "/nodes/pve1/qemu/100/status/start", ""));
    let status = asked.get(&format!("/nodes/pve1/tasks/{start}/status"));
    assert_eq!(
        (&status["status"], &status["user"], &status["tokenid"]),
        (&json!("running"), &json!("root@pam"), &json!("all"))
    );
    asked.lab.settle();
    let rows = asked.get("/nodes/pve1/tasks");
    assert_eq!(rows[0]["upid"], json!(start));
    assert_eq!(rows[0]["status"], "OK");
    let create = rows[1]["upid"].as_str().unwrap().to_owned();
    let log = asked.get(&format!("/nodes/pve1/tasks/{create}/log"));
    assert_eq!(
        log[0]["t"],
        "Formatting '/var/lib/vz/images/100/vm-100-disk-0.raw', fmt=raw size=1073741824 preallocation=off"
    );
    assert_eq!(log.as_array().unwrap().last().unwrap()["t"], "TASK OK");
    let wrong = asked.error("GET", "/nodes/pve1/tasks/UPID:foo/status", "", "upid");
    assert_eq!(wrong, "unable to parse worker upid");
    let gone = "/nodes/pve1/tasks/UPID:pve1:00000001:00000001:6B000000:qmstart:1:root@pam:";
    assert_eq!(
        asked.error("GET", &format!("{gone}/status"), "", "upid"),
        "no such task"
    );
    assert_eq!(
        asked.get(&format!("{gone}/log"))[0]["t"],
        "unable to open file - No such file or directory"
    );
    assert_eq!(
        asked.by("root@pam!none=none").get("/nodes/pve1/tasks"),
        json!([])
    );
}

#[test]
fn a_vm_moves_to_another_host() {
    let asked = Asked::new();
    asked.create(100, "scsi0=rbd:1");
    asked.create(101, "scsi0=local:1");
    assert_eq!(
        asked.work("POST", "/nodes/pve1/qemu/100/migrate", "target=pve2"),
        "OK"
    );
    assert_eq!(
        asked.get("/nodes/pve2/qemu/100/config")["scsi0"],
        "rbd:vm-100-disk-0,size=1G"
    );
    assert_eq!(
        asked.refused("GET", "/nodes/pve1/qemu/100/config", "").0,
        500
    );
    let (_, reason) = asked.refused("POST", "/nodes/pve1/qemu/101/migrate", "target=pve2");
    assert!(reason.contains("local disk"), "{reason}");
    asked.work(
        "POST",
        "/nodes/pve1/qemu/101/migrate",
        "target=pve2&with-local-disks=1",
    );
    assert_eq!(
        asked.get("/nodes/pve2/storage/local/content")[0]["vmid"],
        101
    );
}

#[test]
fn a_world_is_taken_up_where_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let play = || {
        let options = Options {
            scenario: Scenario::parse(WORLD).unwrap(),
            folder: Some(folder.path().to_owned()),
            ..Options::default()
        };
        Asked::played(Lab::new(options, Arc::new(NoMachines)).unwrap())
    };
    let first = play();
    first.upload("iso", "a.iso", b"bytes");
    first.create(100, "ide2=isos:iso/a.iso,media=cdrom");
    let task = upid(&first.ask("POST", "/nodes/pve1/qemu/100/status/start", ""));
    drop(first);
    let second = play();
    assert_eq!(second.exit(&task), "running");
    second.lab.settle();
    assert_eq!(second.exit(&task), "OK");
    assert_eq!(
        second.work("POST", "/nodes/pve1/qemu/100/status/shutdown", ""),
        "OK",
        "the medium is still there"
    );
    let summary = Lab::summary(folder.path()).unwrap();
    assert_eq!(summary["vms"][0]["vmid"], 100);
    std::fs::write(folder.path().join("world.json"), "x").unwrap();
    assert!(Lab::summary(folder.path()).is_err());
}
