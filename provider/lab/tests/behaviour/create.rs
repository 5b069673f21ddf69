use serde_json::json;

use crate::asked::Asked;

const QEMU: &str = "/nodes/pve1/qemu";

#[test]
fn what_nobody_gives_is_generated() {
    let asked = Asked::new();
    asked.create(100, "name=a&tags=Talos;cp&net0=virtio,bridge=vmbr0&scsi0=rbd:1&ide2=none,media=cdrom&description=x");
    let config = asked.get("/nodes/pve1/qemu/100/config");
    assert_eq!(config["tags"], "cp;talos");
    assert_eq!(config["boot"], "order=scsi0;ide2;net0");
    assert_eq!(config["scsi0"], "rbd:vm-100-disk-0,size=1G");
    assert!(
        config["net0"]
            .as_str()
            .unwrap()
            .starts_with("virtio=BC:24:11:")
    );
    for name in ["smbios1", "vmgenid", "meta", "digest"] {
        assert!(config[name].is_string(), "{name}");
    }
    assert_eq!(config["lock"], json!(null));
}

#[test]
fn a_number_is_given_once() {
    let asked = Asked::new();
    asked.create(100, "name=a");
    let (status, reason) = asked.refused("POST", "/nodes/pve2/qemu", "vmid=100");
    assert_eq!(status, 500);
    assert_eq!(
        reason,
        "unable to create VM 100 - VM 100 already exists on node 'pve1'"
    );
    assert_eq!(asked.get("/cluster/nextid"), json!("101"));
    let taken = asked.error("GET", "/cluster/nextid", "vmid=100", "vmid");
    assert_eq!(taken, "VM 100 already exists");
}

#[test]
fn a_vm_is_locked_while_it_is_made() {
    let asked = Asked::new();
    asked.ask("POST", QEMU, "vmid=100&scsi0=rbd:1");
    assert_eq!(asked.option(100, "lock"), "create");
    let (_, reason) = asked.refused("POST", QEMU, "vmid=100");
    assert!(reason.contains("already exists"));
    asked.lab.settle();
    assert_eq!(asked.option(100, "lock"), json!(null));
}

#[test]
fn a_create_that_fails_leaves_nothing() {
    let asked = Asked::new();
    let form = "vmid=100&scsi0=rbd:1&scsi1=rbd:vm-77-disk-0";
    let exit = asked.work("POST", QEMU, form);
    assert_eq!(
        exit,
        "unable to create VM 100 - volume 'rbd:vm-77-disk-0' does not exist"
    );
    assert_eq!(asked.get("/nodes/pve1/storage/rbd/content"), json!([]));
    assert_eq!(asked.get("/cluster/nextid"), json!("100"));
}

#[test]
fn parameters_are_checked_all_at_once() {
    let asked = Asked::new();
    let answer = asked.ask("POST", QEMU, "vmid=100&foo=1&cores=x&net0=q");
    let errors = &answer.body.unwrap()["errors"];
    assert_eq!(answer.reason, "Parameter verification failed.");
    assert_eq!(errors["cores"], "type check ('integer') failed - got 'x'");
    assert!(
        errors["foo"]
            .as_str()
            .unwrap()
            .starts_with("property is not defined")
    );
    assert!(
        errors["net0"]
            .as_str()
            .unwrap()
            .starts_with("invalid format - format error\nnet0.model: value 'q'")
    );
    let minimum = asked.error("POST", QEMU, "vmid=100&cores=0", "cores");
    assert_eq!(minimum, "value must have a minimum value of 1");
    let maximum = asked.error("POST", QEMU, "vmid=100&cpulimit=200", "cpulimit");
    assert_eq!(maximum, "value must have a maximum value of 128");
    assert_eq!(
        asked.error("POST", QEMU, "name=x", "vmid"),
        "property is missing and it is not optional"
    );
    assert!(
        asked
            .error("POST", QEMU, "vmid=99", "vmid")
            .contains("valid VM ID")
    );
}

#[test]
fn a_token_of_root_is_not_root() {
    let asked = Asked::new();
    for option in [
        "args=-foo",
        "lock=backup",
        "affinity=0-1",
        "vmgenid=1",
        "hookscript=local:snippets/x",
    ] {
        let name = option.split('=').next().unwrap();
        let (status, reason) = asked.refused("POST", QEMU, &format!("vmid=100&{option}"));
        assert_eq!(
            (status, reason),
            (500, format!("only root can set '{name}' config"))
        );
    }
    let (_, reason) = asked.refused("POST", QEMU, "vmid=100&hostpci0=0000:01:00.0");
    assert_eq!(
        reason,
        "only root can set 'hostpci0' config for non-mapped devices"
    );
    let (_, reason) = asked.refused("POST", QEMU, "vmid=100&usb0=host=1234:5678");
    assert_eq!(reason, "only root can set 'usb0' config for real devices");
}

#[test]
fn a_missing_bridge_is_taken_and_found_at_start() {
    let asked = Asked::new();
    asked.create(100, "net0=virtio,bridge=vmbr99&boot=order=scsi7");
    let exit = asked.work("POST", "/nodes/pve1/qemu/100/status/start", "");
    assert_eq!(exit, "bridge 'vmbr99' does not exist");
    asked.create(101, "net0=virtio,bridge=vnet1");
    assert_eq!(
        asked.work("POST", "/nodes/pve1/qemu/101/status/start", ""),
        "OK"
    );
}

#[test]
fn a_failed_autostart_is_no_failure() {
    let asked = Asked::new();
    asked.create(100, "cores=64&start=1");
    assert_eq!(
        asked.get("/nodes/pve1/qemu/100/status/current")["status"],
        "stopped"
    );
}

#[test]
fn a_pool_takes_the_vm() {
    let asked = Asked::new();
    let (status, reason) = asked.refused("POST", QEMU, "vmid=100&pool=none");
    assert_eq!(
        (status, reason.as_str()),
        (403, "Permission check failed (pool 'none' does not exist)")
    );
    asked.create(100, "pool=builds");
    assert_eq!(asked.get("/pools/builds")["members"][0]["vmid"], 100);
}
