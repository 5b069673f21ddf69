use std::sync::Arc;

use lab::proxmox::Request;
use lab::world::{NoMachines, Scenario};
use serde_json::json;

use crate::asked::{Asked, WORLD};

#[test]
fn a_token_has_its_own_rights_or_its_users() {
    let asked = Asked::new();
    asked.create(100, "name=a");
    let none = asked.by("root@pam!none=none");
    assert_eq!(none.get("/access/permissions"), json!({}));
    assert_eq!(none.get("/nodes/pve1/qemu"), json!([]));
    assert_eq!(
        none.get("/cluster/resources?type=vm".split('?').next().unwrap())
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(none.get("/nodes/pve1/storage"), json!([]));
    let (status, reason) = none.refused("GET", "/nodes/pve1/qemu/100/config", "");
    assert_eq!(
        (status, reason.as_str()),
        (403, "Permission check failed (/vms/100, VM.Audit)")
    );
    assert_eq!(
        none.refused("POST", "/nodes/pve1/qemu", "vmid=900").1,
        "Permission check failed"
    );
    assert_eq!(
        none.refused("DELETE", "/nodes/pve1/qemu/100", "").1,
        "Permission check failed (/vms/100, VM.Allocate)"
    );
    assert_eq!(none.get("/cluster/nextid"), json!("101"));
    let url = none.refused("GET", "/nodes/pve1/query-url-metadata", "url=http://x/");
    assert_eq!(url.1, "Permission check failed");
}

#[test]
fn rights_are_looked_at_before_parameters() {
    let asked = Asked::new();
    let none = asked.by("root@pam!none=none");
    let (status, reason) = none.refused("PUT", "/nodes/pve1/qemu/100/config", "foo=1");
    assert_eq!(status, 403);
    assert!(
        reason.starts_with("Permission check failed (/vms/100, VM.Config.Disk|VM.Config.CDROM|")
    );
}

#[test]
fn a_role_gives_what_it_names() {
    let asked = Asked::new();
    let joe = asked.by("joe@pve!t=joe");
    joe.create(100, "cores=2&name=a&scsi0=rbd:1&net0=virtio,bridge=vmbr0");
    let (_, reason) = joe.refused("POST", "/nodes/pve1/qemu", "vmid=101&memory=64");
    assert_eq!(
        reason,
        "Permission check failed (/vms/101, VM.Config.Memory)"
    );
    let (_, reason) = joe.refused("PUT", "/nodes/pve1/qemu/100/config", "startup=order=1");
    assert_eq!(reason, "Permission check failed (/, Sys.Modify)");
    let (_, reason) = joe.refused(
        "PUT",
        "/nodes/pve1/qemu/100/config",
        "ide2=none,media=cdrom",
    );
    assert_eq!(
        reason,
        "Permission check failed (/vms/100, VM.Config.CDROM)"
    );
}

#[test]
fn a_token_never_has_more_than_its_user() {
    let asked = Asked::new();
    let much = asked.by("joe@pve!much=much");
    let rights = much.get("/access/permissions")["/"].clone();
    assert_eq!(rights["VM.Allocate"], 1);
    assert_eq!(rights["Sys.Modify"], json!(null));
}

#[test]
fn a_look_at_rights_says_whether_they_go_further_down() {
    let acl = "  acl:
    - { path: /vms, who: joe@pve!here, role: PVEVMAdmin, propagate: false }
    - { path: /vms, who: joe@pve!below, role: PVEVMAdmin }
    - { path: /pool/builds, who: joe@pve!pool, role: PVEVMAdmin }
";
    let tokens = "  tokens:
    joe@pve!here: { secret: a, separate: true }
    joe@pve!below: { secret: b, separate: true }
    joe@pve!pool: { secret: c, separate: true }
";
    let world = WORLD
        .replace("  acl:\n", acl)
        .replace("  tokens:\n", tokens);
    let asked = Asked::with(Scenario::parse(&world).unwrap(), Arc::new(NoMachines));
    asked.create(100, "name=a&pool=builds");
    asked.create(101, "name=b");
    let look = |token: &str| {
        let by = asked.by(token);
        let answer = by.ask("GET", "/access/permissions", "path=/vms");
        let rights = answer.body.unwrap()["data"]["/vms"]["VM.Audit"].clone();
        let rows = by.ask("GET", "/cluster/resources", "type=vm").body.unwrap();
        (rights, rows["data"].as_array().unwrap().len())
    };
    assert_eq!(look("joe@pve!below=b"), (json!(1), 2));
    assert_eq!(look("joe@pve!here=a"), (json!(0), 0));
    assert_eq!(look("joe@pve!pool=c"), (json!(null), 1));
    assert_eq!(look("joe@pve!t=joe"), (json!(1), 2), "the user's own");
}

#[test]
fn taking_away_needs_the_same_right_as_giving() {
    let asked = Asked::new();
    asked.create(
        100,
        "ide2=none,media=cdrom&scsi0=rbd:1&serial0=socket&cores=2",
    );
    let joe = asked.by("joe@pve!t=joe");
    let refused = |name: &str| {
        joe.refused(
            "PUT",
            "/nodes/pve1/qemu/100/config",
            &format!("delete={name}"),
        )
        .1
    };
    assert_eq!(
        refused("ide2"),
        "Permission check failed (/vms/100, VM.Config.CDROM)"
    );
    assert_eq!(
        refused("serial0"),
        "Permission check failed (/vms/100, VM.Config.HWType)"
    );
    let path = "/nodes/pve1/qemu/100/config";
    assert_eq!(joe.ask("PUT", path, "delete=scsi0").status, 200);
    asked.lab.edit_file(100, "serial0", "/dev/ttyS0");
    let (_, reason) = asked.refused("PUT", path, "delete=serial0");
    assert_eq!(
        reason,
        "only root can delete 'serial0' config for real devices"
    );
}

#[test]
fn a_deeper_path_replaces_what_stands_above() {
    let asked = Asked::new();
    let joe = asked.by("joe@pve!t=joe");
    assert_eq!(
        joe.refused("POST", "/nodes/pve1/qemu", "vmid=900").1,
        "Permission check failed"
    );
    asked.create(900, "name=a");
    assert_eq!(joe.get("/nodes/pve1/qemu/900/config")["name"], "a");
    assert_eq!(
        joe.refused("DELETE", "/nodes/pve1/qemu/900", "").1,
        "Permission check failed (/vms/900, VM.Allocate)"
    );
}

#[test]
fn a_login_needs_its_token_for_writes() {
    let asked = Asked::new();
    asked.create(100, "name=a");
    let login = |password: &str| {
        asked.lab.request(&Request::new(
            "POST",
            "/access/ticket",
            &[("username", "root@pam"), ("password", password)],
        ))
    };
    assert_eq!(
        (login("bad").status, login("bad").reason.as_str()),
        (401, "authentication failure")
    );
    let data = login("secret").body.unwrap()["data"].clone();
    let write = |csrf: Option<&str>| {
        let mut request = Request::new("PUT", "/nodes/pve1/qemu/100/config", &[("args", "-x")]);
        request.cookie = Some(format!(
            "PVEAuthCookie={}",
            data["ticket"].as_str().unwrap()
        ));
        request.csrf = csrf.map(str::to_owned);
        asked.lab.request(&request)
    };
    assert_eq!(write(None).reason, "Permission denied - invalid csrf token");
    assert_eq!(write(None).body, None);
    assert_eq!(write(data["CSRFPreventionToken"].as_str()).status, 200);
    asked.pass(7201);
    assert_eq!(
        write(data["CSRFPreventionToken"].as_str()).reason,
        "Authentication failed!"
    );
}

#[test]
fn older_releases_are_told_apart() {
    let text = WORLD.replace("world:", "world:\n  proxmox_version: 8.2.4");
    let scenario = lab::world::Scenario::parse(&text).unwrap();
    let asked = Asked::with(scenario, std::sync::Arc::new(lab::world::NoMachines));
    assert_eq!(asked.get("/version")["release"], "8.2");
    let answer = asked.ask("GET", "/nodes/pve1/qemu/100/config", "");
    assert!(answer.reason.contains("does not exist"));
    assert_eq!(answer.body, Some(json!({ "data": null })));
    assert_eq!(asked.ask("GET", "/cluster/ha/rules", "").status, 501);
    assert_eq!(Asked::new().ask("GET", "/cluster/ha/rules", "").status, 200);
    assert!(
        asked
            .error(
                "POST",
                "/nodes/pve1/qemu",
                "vmid=100&ha-managed=1",
                "ha-managed"
            )
            .contains("not defined")
    );
    let rights = asked.get("/access/permissions");
    assert_eq!(rights["/"]["VM.Monitor"], 1);
    assert_eq!(rights["/"]["VM.GuestAgent.Audit"], json!(null));
}
