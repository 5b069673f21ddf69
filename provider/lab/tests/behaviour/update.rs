use serde_json::json;

use crate::asked::Asked;

const CONFIG: &str = "/nodes/pve1/qemu/100/config";

/// A VM; `bootable` gives it a medium, so that its guest obeys.
fn vm(bootable: bool, running: bool) -> Asked {
    let asked = Asked::new();
    asked.upload("iso", "talos.iso", b"iso");
    let medium = if bootable {
        "isos:iso/talos.iso"
    } else {
        "none"
    };
    asked.create(100, &format!("cores=2&memory=128&scsihw=virtio-scsi-single&scsi0=rbd:1&ide2={medium},media=cdrom&net0=virtio=BC:24:11:00:00:01,bridge=vmbr0&boot=order=scsi0;ide2"));
    if running {
        assert_eq!(
            asked.work("POST", "/nodes/pve1/qemu/100/status/start", ""),
            "OK"
        );
    }
    asked
}

fn put(asked: &Asked, form: &str) {
    let answer = asked.ask("PUT", CONFIG, form);
    assert_eq!(
        answer.status, 200,
        "{form}: {} {:?}",
        answer.reason, answer.body
    );
}

#[test]
fn a_stopped_vm_changes_at_once() {
    let asked = vm(true, false);
    put(&asked, "cores=4&delete=memory");
    assert_eq!(asked.option(100, "cores"), 4);
    assert_eq!(asked.option(100, "memory"), json!(null));
    assert_eq!(asked.waiting(100), [""; 0]);
}

#[test]
fn a_running_vm_takes_some_at_once_and_keeps_the_rest() {
    let asked = vm(true, true);
    put(&asked, "cores=4&description=new&name=b&tags=X&onboot=1");
    assert_eq!(asked.waiting(100), ["cores"]);
    assert_eq!(asked.option(100, "cores"), 4);
    let current = asked.ask("GET", CONFIG, "current=1").body.unwrap();
    assert_eq!(current["data"]["cores"], 2);
    assert_eq!(current["data"]["tags"], "x");
    put(&asked, "cores=2");
    assert_eq!(asked.waiting(100), [""; 0]);
    put(&asked, "memory=512");
    put(&asked, "revert=memory");
    assert_eq!(asked.waiting(100), [""; 0]);
}

#[test]
fn pending_changes_apply_at_a_stop_and_not_at_a_reset() {
    let asked = vm(true, true);
    put(&asked, "cores=4");
    assert_eq!(
        asked.work("POST", "/nodes/pve1/qemu/100/status/reset", ""),
        "OK"
    );
    assert_eq!(asked.waiting(100), ["cores"]);
    assert_eq!(
        asked.work("POST", "/nodes/pve1/qemu/100/status/reboot", ""),
        "OK"
    );
    assert_eq!(asked.waiting(100), [""; 0]);
    assert_eq!(asked.get("/nodes/pve1/qemu/100/status/current")["cpus"], 4);
}

#[test]
fn a_stop_alone_applies_what_is_pending() {
    let asked = vm(true, true);
    put(&asked, "cores=4");
    let stop = asked.work("POST", "/nodes/pve1/qemu/100/status/stop", "");
    assert_eq!(stop, "OK");
    assert_eq!(asked.waiting(100), [""; 0]);
}

#[test]
fn a_guest_that_holds_a_device_makes_the_change_wait() {
    let asked = vm(false, true);
    let text = asked.error("PUT", CONFIG, "delete=net0", "net0");
    assert_eq!(
        text,
        "hotplug problem - error on hot-unplugging device 'net0' - still busy in guest?\n"
    );
    assert_eq!(asked.waiting(100), ["net0"]);
    let asked = vm(true, true);
    put(&asked, "delete=net0");
    assert_eq!(asked.waiting(100), [""; 0]);
    let text = asked.error("PUT", CONFIG, "delete=scsi0", "scsi0");
    assert_eq!(text, "hotplug problem - can't unplug bootdisk 'scsi0'\n");
}

#[test]
fn by_post_the_same_fails_in_the_task() {
    let asked = vm(false, true);
    let exit = asked.work("POST", CONFIG, "net0=e1000,bridge=vmbr0");
    assert!(
        exit.starts_with("400 Parameter verification failed. net0: hotplug problem - "),
        "{exit}"
    );
    assert_eq!(asked.waiting(100), ["net0"]);
}

#[test]
fn a_card_without_an_address_gets_a_new_one() {
    let asked = vm(true, false);
    put(&asked, "net0=virtio,bridge=vmbr0");
    let card = asked.option(100, "net0").as_str().unwrap().to_owned();
    assert!(
        card.starts_with("virtio=BC:24:11:") && !card.contains("00:00:01"),
        "{card}"
    );
    put(
        &asked,
        "net0=virtio=bc:24:11:00:00:ab,bridge=vmbr0,firewall=0",
    );
    assert_eq!(
        asked.option(100, "net0"),
        "virtio=bc:24:11:00:00:ab,bridge=vmbr0,firewall=0"
    );
}

#[test]
fn disk_options_wait_as_one_string() {
    let asked = vm(true, true);
    assert_eq!(asked.work("POST", CONFIG, "scsi1=rbd:1"), "OK");
    assert_eq!(asked.waiting(100), [""; 0]);
    put(&asked, "scsi1=rbd:vm-100-disk-1,mbps=10");
    assert_eq!(asked.waiting(100), [""; 0]);
    put(&asked, "scsi1=rbd:vm-100-disk-1,discard=on,mbps=20");
    assert_eq!(asked.waiting(100), ["scsi1"]);
    let current = asked.ask("GET", CONFIG, "current=1").body.unwrap();
    assert_eq!(
        current["data"]["scsi1"],
        "rbd:vm-100-disk-1,mbps=10,size=1G"
    );
}

#[test]
fn a_medium_is_changed_while_it_runs() {
    let asked = vm(true, true);
    asked.upload("iso", "seed.iso", b"seed");
    put(&asked, "ide2=isos:iso/seed.iso,media=cdrom");
    assert_eq!(asked.waiting(100), [""; 0]);
    assert_eq!(
        asked.option(100, "ide2"),
        "isos:iso/seed.iso,media=cdrom,size=4"
    );
    put(&asked, "ide0=isos:iso/seed.iso,media=cdrom");
    assert_eq!(asked.waiting(100), ["boot", "ide0"]);
    assert_eq!(asked.option(100, "boot"), "order=scsi0;ide2;ide0");
}

#[test]
fn a_change_on_an_old_state_is_refused() {
    let asked = vm(true, false);
    let digest = asked.option(100, "digest").as_str().unwrap().to_owned();
    put(&asked, &format!("cores=1&digest={digest}"));
    let (status, reason) = asked.refused("PUT", CONFIG, &format!("cores=2&digest={digest}"));
    assert_eq!(
        (status, reason.as_str()),
        (500, "checksum mismatch (file change by other user?)")
    );
}

#[test]
fn odd_requests_are_told_apart() {
    let asked = vm(true, false);
    assert_eq!(asked.refused("PUT", CONFIG, "").1, "no options specified");
    assert_eq!(
        asked.error("PUT", CONFIG, "delete=foo", "delete"),
        "unknown option 'foo'"
    );
    let both = asked.error("PUT", CONFIG, "delete=cores&cores=3", "delete");
    assert_eq!(
        both,
        "you can't use '-cores' and -delete cores' at the same time"
    );
    assert_eq!(
        asked.refused("PUT", CONFIG, "boot=order=scsi5").1,
        "invalid bootorder: device 'scsi5' does not exist'"
    );
    assert_eq!(
        asked.refused("PUT", CONFIG, "balloon=9999").1,
        "balloon value too large (must be smaller than assigned memory)"
    );
    assert_eq!(
        asked.error("PUT", CONFIG, "skiplock=1&cores=1", "skiplock"),
        "Only root may use this option."
    );
    put(&asked, "delete=tpmstate0");
    put(&asked, "tags=");
    assert_eq!(asked.option(100, "tags"), " ");
    assert_eq!(
        asked
            .ask("POST", CONFIG, "cores=1&background_delay=5")
            .body
            .unwrap()["data"],
        json!(null)
    );
}

#[test]
fn a_locked_vm_is_refused_or_fails_later() {
    let asked = vm(true, false);
    asked.lab.edit_file(100, "lock", "backup");
    for (verb, path) in [
        ("PUT", "/config"),
        ("POST", "/config"),
        ("POST", "/template"),
    ] {
        let form = if path == "/config" { "cores=1" } else { "" };
        let (status, reason) = asked.refused(verb, &format!("/nodes/pve1/qemu/100{path}"), form);
        assert_eq!((status, reason.as_str()), (500, "VM is locked (backup)"));
    }
    for (verb, path, form) in [
        ("POST", "/status/start", ""),
        ("DELETE", "", ""),
        ("PUT", "/resize", "disk=scsi0&size=+1G"),
    ] {
        let exit = asked.work(verb, &format!("/nodes/pve1/qemu/100{path}"), form);
        assert_eq!(exit, "VM is locked (backup)", "{verb} {path}");
    }
    assert_eq!(
        asked.work("POST", "/nodes/pve1/qemu/100/status/stop", ""),
        "OK"
    );
}
