use serde_json::json;

use crate::asked::Asked;

const VM: &str = "/nodes/pve1/qemu/100";

fn vm(form: &str) -> Asked {
    let asked = Asked::new();
    asked.create(100, form);
    asked
}

fn put(asked: &Asked, form: &str) {
    let answer = asked.ask("PUT", &format!("{VM}/config"), form);
    assert_eq!(answer.status, 200, "{form}: {}", answer.reason);
}

fn volumes(asked: &Asked, storage: &str) -> Vec<String> {
    let rows = asked.get(&format!("/nodes/pve1/storage/{storage}/content"));
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["volid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_disk_that_leaves_its_slot_is_kept() {
    let asked = vm("scsi0=local:1");
    put(&asked, "delete=scsi0");
    assert_eq!(asked.option(100, "unused0"), "local:100/vm-100-disk-0.raw");
    put(&asked, "scsi1=local:100/vm-100-disk-0.raw,ssd=1");
    assert_eq!(asked.option(100, "unused0"), json!(null));
    assert_eq!(
        asked.option(100, "scsi1"),
        "local:100/vm-100-disk-0.raw,size=1G,ssd=1"
    );
    put(&asked, "scsi1=local:2");
    assert_eq!(asked.option(100, "unused0"), "local:100/vm-100-disk-0.raw");
    put(&asked, "delete=unused0");
    assert_eq!(volumes(&asked, "local"), ["local:100/vm-100-disk-1.raw"]);
    put(&asked, "delete=scsi1&force=1");
    assert_eq!(volumes(&asked, "local"), [""; 0]);
}

#[test]
fn sizes_are_the_volumes_own() {
    let asked = vm(
        "scsi0=local:0.1&scsi1=rbd:1,size=5G&efidisk0=rbd:1,efitype=4m&tpmstate0=rbd:1,version=v2.0",
    );
    assert_eq!(
        asked.option(100, "scsi0"),
        "local:100/vm-100-disk-0.raw,size=104858K"
    );
    assert!(
        asked
            .option(100, "scsi1")
            .as_str()
            .unwrap()
            .ends_with("size=1G")
    );
    assert!(
        asked
            .option(100, "efidisk0")
            .as_str()
            .unwrap()
            .ends_with("efitype=4m,size=528K")
    );
    assert!(
        asked
            .option(100, "tpmstate0")
            .as_str()
            .unwrap()
            .ends_with("size=4M,version=v2.0")
    );
}

#[test]
fn a_disk_grows_and_never_shrinks() {
    let asked = vm("scsi0=rbd:1&ide2=none,media=cdrom");
    let resize = |disk: &str, size: &str| {
        asked.work(
            "PUT",
            &format!("{VM}/resize"),
            &format!("disk={disk}&size={size}"),
        )
    };
    assert_eq!(resize("scsi0", "+1G"), "OK");
    assert_eq!(asked.option(100, "scsi0"), "rbd:vm-100-disk-0,size=2G");
    assert_eq!(resize("scsi0", "3221225472"), "OK");
    assert_eq!(asked.option(100, "scsi0"), "rbd:vm-100-disk-0,size=3G");
    assert_eq!(resize("scsi0", "3G"), "OK");
    assert_eq!(resize("scsi0", "+0"), "OK");
    assert_eq!(resize("scsi0", "1G"), "shrinking disks is not supported");
    assert_eq!(resize("scsi7", "1G"), "disk 'scsi7' does not exist");
    assert_eq!(resize("ide2", "1G"), "you can't resize a cdrom");
    let path = format!("{VM}/resize");
    assert_eq!(
        asked.error("PUT", &path, "disk=scsi0&size=abc", "size"),
        "value does not match the regex pattern"
    );
    assert!(
        asked
            .error("PUT", &path, "disk=net0&size=1G", "disk")
            .starts_with("value 'net0' does not have")
    );
}

#[test]
fn an_image_becomes_a_disk() {
    let asked = Asked::new();
    let mut image = b"QFI\xfb".to_vec();
    image.resize(24, 0);
    image.extend((3_u64 << 30).to_be_bytes());
    assert_eq!(asked.upload("import", "talos.qcow2", &image), "OK");
    assert!(
        asked
            .upload("import", "bad.qcow2", b"x")
            .ends_with("Image is not in qcow2 format")
    );
    asked.create(100, "scsi0=rbd:0,import-from=isos:import/talos.qcow2");
    assert_eq!(asked.option(100, "scsi0"), "rbd:vm-100-disk-0,size=3G");
    let form = "vmid=101&scsi0=rbd:5,import-from=isos:import/talos.qcow2";
    assert!(
        asked
            .error("POST", "/nodes/pve1/qemu", form, "scsi0")
            .starts_with("'import-from' requires special syntax")
    );
    asked.upload("iso", "a.iso", b"x");
    let form = "vmid=101&scsi0=rbd:0,import-from=isos:iso/a.iso";
    let text = asked.error("POST", "/nodes/pve1/qemu", form, "scsi0");
    assert_eq!(
        text,
        "isos:iso/a.iso has wrong type 'iso' - needs to be 'images' or 'import'"
    );
    let (_, reason) = asked.refused(
        "POST",
        "/nodes/pve1/qemu",
        "vmid=101&scsi0=rbd:0,import-from=/x.raw",
    );
    assert!(reason.starts_with("Only root can pass arbitrary filesystem paths."));
}

#[test]
fn storages_refuse_what_they_cannot_hold() {
    let asked = Asked::new();
    let refused = |form: &str| {
        asked
            .refused("POST", "/nodes/pve1/qemu", &format!("vmid=100&{form}"))
            .1
    };
    assert_eq!(
        refused("scsi0=nostore:1"),
        "storage 'nostore' does not exist"
    );
    assert_eq!(
        refused("scsi0=local:abc"),
        "unable to parse directory volume name 'abc'"
    );
    let text = asked.error(
        "POST",
        "/nodes/pve1/qemu",
        "vmid=100&scsi0=isos:1",
        "storage",
    );
    assert_eq!(text, "storage 'isos' does not support vm images");
    let exit = asked.work("POST", "/nodes/pve1/qemu", "vmid=100&scsi0=small:11");
    assert!(exit.contains("has insufficient free space"), "{exit}");
    asked.create(100, "scsi0=small:10");
}

#[test]
fn a_disk_moves_to_another_storage() {
    let asked = vm("scsi0=local:1&scsi1=local:1");
    let path = format!("{VM}/move_disk");
    assert_eq!(asked.work("POST", &path, "disk=scsi0&storage=rbd"), "OK");
    assert_eq!(asked.option(100, "scsi0"), "rbd:vm-100-disk-0,size=1G");
    assert_eq!(asked.option(100, "unused0"), "local:100/vm-100-disk-0.raw");
    assert_eq!(
        asked.work("POST", &path, "disk=scsi1&storage=rbd&delete=1"),
        "OK"
    );
    assert_eq!(volumes(&asked, "local"), ["local:100/vm-100-disk-0.raw"]);
    assert_eq!(
        asked.refused("POST", &path, "disk=scsi0&storage=rbd").1,
        "you can't move to the same storage with same format"
    );
    asked.create(101, "name=b");
    assert_eq!(
        asked.work("POST", &path, "disk=scsi0&target-vmid=101"),
        "OK"
    );
    assert_eq!(asked.option(101, "scsi0"), "rbd:vm-101-disk-0,size=1G");
    assert_eq!(asked.option(100, "scsi0"), json!(null));
}

#[test]
fn clones_are_whole_or_rest_on_a_template() {
    let asked = vm("name=a&scsi0=rbd:1&net0=virtio=BC:24:11:00:00:01,bridge=vmbr0");
    let path = format!("{VM}/clone");
    assert_eq!(asked.work("POST", &path, "newid=101"), "OK");
    assert_eq!(asked.option(101, "name"), "Copy-of-VM-a");
    assert_ne!(asked.option(101, "net0"), asked.option(100, "net0"));
    assert_ne!(asked.option(101, "smbios1"), asked.option(100, "smbios1"));
    let (_, reason) = asked.refused("POST", &path, "newid=102&full=0");
    assert_eq!(
        reason,
        "Linked clone feature is not supported for 'rbd:vm-100-disk-0' (scsi0)"
    );
    assert_eq!(asked.work("POST", &format!("{VM}/template"), ""), "OK");
    assert_eq!(asked.option(100, "scsi0"), "rbd:base-100-disk-0,size=1G");
    assert_eq!(asked.work("POST", &path, "newid=102"), "OK");
    assert_eq!(
        asked.option(102, "scsi0"),
        "rbd:base-100-disk-0/vm-102-disk-0,size=1G"
    );
    let exit = asked.work("DELETE", VM, "");
    assert_eq!(
        exit,
        "base volume 'rbd:base-100-disk-0' is still in use by linked cloned"
    );
    assert_eq!(
        asked.work("POST", &format!("{VM}/status/start"), ""),
        "you can't start a vm if it's a template"
    );
    assert_eq!(asked.work("DELETE", "/nodes/pve1/qemu/102", ""), "OK");
    assert_eq!(asked.work("DELETE", VM, ""), "OK");
}

#[test]
fn volumes_are_made_and_removed_by_themselves() {
    let asked = Asked::new();
    let path = "/nodes/pve1/storage/local/content";
    let made = asked
        .ask("POST", path, "vmid=100&filename=vm-121-foo.raw&size=1M")
        .body
        .unwrap();
    assert_eq!(made["data"], "local:100/vm-121-foo.raw");
    assert_eq!(
        asked
            .refused("POST", path, "vmid=100&filename=foo&size=1M")
            .1,
        "unable to parse volume filename 'foo'"
    );
    assert_eq!(
        asked.work("DELETE", &format!("{path}/local:iso%2Fnone.iso"), ""),
        "OK"
    );
    let answer = asked.ask(
        "DELETE",
        &format!("{path}/local:100%2Fvm-121-foo.raw"),
        "delay=5",
    );
    assert_eq!(answer.body.unwrap()["data"], json!(null));
    assert_eq!(asked.get(path), json!([]));
    let other = asked.error("DELETE", &format!("{path}/rbd:vm-1-disk-0"), "", "volume");
    assert_eq!(other, "storage ID mismatch (rbd != local)\n");
}

#[test]
fn another_vms_disk_is_only_let_go() {
    let asked = vm("scsi0=rbd:1");
    asked.create(101, "scsi0=rbd:vm-100-disk-0");
    let answer = asked.ask("PUT", "/nodes/pve1/qemu/101/config", "delete=scsi0");
    assert_eq!(answer.status, 200);
    assert_eq!(asked.option(101, "unused0"), json!(null));
    assert_eq!(volumes(&asked, "rbd"), ["rbd:vm-100-disk-0"]);
}
