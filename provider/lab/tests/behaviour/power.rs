use serde_json::json;

use crate::asked::{Asked, upid};

const STATUS: &str = "/nodes/pve1/qemu/100/status";

fn vm(bootable: bool) -> Asked {
    let asked = Asked::new();
    asked.upload("iso", "talos.iso", b"iso");
    let medium = if bootable {
        "isos:iso/talos.iso"
    } else {
        "none"
    };
    asked.create(100, &format!("ide2={medium},media=cdrom"));
    asked
}

fn now(asked: &Asked) -> String {
    asked.get(&format!("{STATUS}/current"))["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_vm_starts_once() {
    let asked = vm(true);
    assert_eq!(asked.work("POST", &format!("{STATUS}/start"), ""), "OK");
    assert_eq!(now(&asked), "running");
    assert_eq!(
        asked.work("POST", &format!("{STATUS}/start"), ""),
        "VM 100 already running"
    );
    assert_eq!(
        asked.refused("DELETE", "/nodes/pve1/qemu/100", "").1,
        "VM 100 is running - destroy failed"
    );
}

#[test]
fn a_stopped_vm_is_stopped_again_and_not_reset() {
    let asked = vm(true);
    for action in ["stop", "shutdown"] {
        assert_eq!(
            asked.work("POST", &format!("{STATUS}/{action}"), ""),
            "OK",
            "{action}"
        );
    }
    for action in ["reset", "reboot", "suspend", "resume"] {
        assert_eq!(
            asked.refused("POST", &format!("{STATUS}/{action}"), ""),
            (500, "VM 100 not running".to_owned())
        );
    }
}

#[test]
fn a_vm_that_is_not_there_fails_in_the_task_or_at_once() {
    let asked = Asked::new();
    let file = "Configuration file 'nodes/pve1/qemu-server/9999.conf' does not exist";
    let process = "unable to find configuration file for VM 9999 on node 'pve1'";
    let path = |action: &str| format!("/nodes/pve1/qemu/9999/status/{action}");
    assert_eq!(asked.work("POST", &path("start"), ""), file);
    for action in ["stop", "shutdown"] {
        assert_eq!(asked.work("POST", &path(action), ""), process);
    }
    for action in ["reset", "reboot", "suspend"] {
        assert_eq!(asked.refused("POST", &path(action), "").1, process);
    }
    assert_eq!(
        asked.refused("GET", "/nodes/pve1/qemu/9999/config", "").1,
        file
    );
    assert_eq!(asked.refused("DELETE", "/nodes/pve1/qemu/9999", "").1, file);
}

#[test]
fn a_guest_without_a_system_ignores_the_button() {
    let asked = vm(false);
    asked.work("POST", &format!("{STATUS}/start"), "");
    let timeout = "VM quit/powerdown failed - got timeout";
    assert_eq!(
        asked.work("POST", &format!("{STATUS}/shutdown"), "timeout=3"),
        timeout
    );
    assert_eq!(
        asked.work("POST", &format!("{STATUS}/reboot"), "timeout=3"),
        timeout
    );
    assert_eq!(now(&asked), "running");
    assert_eq!(
        asked.work(
            "POST",
            &format!("{STATUS}/shutdown"),
            "timeout=3&forceStop=1"
        ),
        "OK"
    );
    assert_eq!(now(&asked), "stopped");
}

#[test]
fn a_shutdown_holds_the_vm_until_its_end() {
    let asked = vm(false);
    asked.work("POST", &format!("{STATUS}/start"), "");
    let shutdown = upid(&asked.ask("POST", &format!("{STATUS}/shutdown"), "timeout=60"));
    assert_eq!(asked.exit(&shutdown), "running");
    let (_, reason) = asked.refused("PUT", "/nodes/pve1/qemu/100/config", "cores=2");
    assert_eq!(
        reason,
        "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"
    );
    let stop = upid(&asked.ask("POST", &format!("{STATUS}/stop"), ""));
    asked.pass(11);
    assert_eq!(
        asked.exit(&stop),
        "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout"
    );
    let stop = upid(&asked.ask("POST", &format!("{STATUS}/stop"), "overrule-shutdown=1"));
    asked.pass(5);
    assert_eq!(asked.exit(&stop), "OK");
    assert_ne!(asked.exit(&shutdown), "OK");
}

#[test]
fn a_short_wait_for_the_lock_is_waited_out() {
    let asked = vm(true);
    let start = upid(&asked.ask("POST", &format!("{STATUS}/start"), ""));
    let before = asked.lab.now();
    assert_eq!(
        asked
            .ask("PUT", "/nodes/pve1/qemu/100/config", "name=b")
            .status,
        200
    );
    assert!(asked.lab.now() > before);
    assert_eq!(asked.exit(&start), "OK");
}

#[test]
fn nobody_answers_for_the_agent() {
    let asked = vm(true);
    asked.ask("PUT", "/nodes/pve1/qemu/100/config", "agent=1");
    let ping = |asked: &Asked| {
        asked
            .refused("POST", "/nodes/pve1/qemu/100/agent/ping", "")
            .1
    };
    assert_eq!(ping(&asked), "VM 100 is not running");
    asked.work("POST", &format!("{STATUS}/start"), "");
    assert_eq!(ping(&asked), "QEMU guest agent is not running");
}

#[test]
fn a_managed_vm_follows_its_manager() {
    let asked = vm(true);
    assert_eq!(
        asked
            .ask("POST", "/cluster/ha/resources", "sid=vm:100&state=stopped")
            .status,
        200
    );
    let start = upid(&asked.ask("POST", &format!("{STATUS}/start"), ""));
    assert!(start.contains(":hastart:"));
    asked.pass(2);
    assert_eq!(
        (asked.exit(&start).as_str(), now(&asked).as_str()),
        ("OK", "stopped")
    );
    asked.pass(20);
    assert_eq!(now(&asked), "running");
    asked.lab.cut_power(100);
    assert_eq!(now(&asked), "stopped");
    asked.pass(20);
    assert_eq!(now(&asked), "running", "it is started again");
    let (_, reason) = asked.refused("DELETE", "/nodes/pve1/qemu/100", "");
    assert!(reason.contains("used in HA resources"), "{reason}");
    asked.ask("PUT", "/cluster/ha/resources/vm:100", "state=stopped");
    asked.pass(30);
    assert_eq!(now(&asked), "stopped");
    assert_eq!(
        asked.work("DELETE", "/nodes/pve1/qemu/100", "purge=1"),
        "OK"
    );
    assert_eq!(asked.get("/cluster/ha/resources"), json!([]));
}

#[test]
fn a_mapped_device_must_be_what_it_was() {
    let device = r#"{ "id": "0000:01:00.0", "vendor": "0x8086", "device": "0x56a0", "subsystem_vendor": "0x8086", "subsystem_device": "0x1020", "iommugroup": 15 }"#;
    let text = crate::asked::WORLD.replace(
        "memory_gib: 16 }",
        &format!("memory_gib: 16, pci: [{device}] }}"),
    );
    let scenario = lab::world::Scenario::parse(&text).unwrap();
    let asked = Asked::with(scenario, std::sync::Arc::new(lab::world::NoMachines));
    let entry = "node=pve1,path=0000:01:00.0,id=8086:56a0";
    let start = |more: &str, wanted: &str| {
        let verb = if asked.ask("GET", "/cluster/mapping/pci/gpu", "").status == 200 {
            "PUT"
        } else {
            "POST"
        };
        let path = if verb == "PUT" {
            "/cluster/mapping/pci/gpu"
        } else {
            "/cluster/mapping/pci"
        };
        let map = format!("{entry}{more}");
        let pairs = [("id", "gpu"), ("map", map.as_str())];
        let pairs = if verb == "PUT" {
            &pairs[1..]
        } else {
            &pairs[..]
        };
        let answer = asked.send(lab::proxmox::Request::new(verb, path, pairs));
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(asked.work("POST", &format!("{STATUS}/start"), ""), wanted);
    };
    asked.create(100, "hostpci0=mapping=gpu,pcie=1");
    start(
        "",
        "missing expected property 'iommugroup' for device '0000:01:00.0'",
    );
    start(
        ",iommugroup=3",
        "'iommugroup' does not match for '0000:01:00.0' (3 != 15)",
    );
    start(",iommugroup=15,subsystem-id=8086:1020", "OK");
}
