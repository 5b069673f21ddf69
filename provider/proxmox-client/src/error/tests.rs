use super::classify::{of_answer, of_task, with_privilege, without_privilege};
use super::{CATALOGUE, Code, Error, Sent};

#[test]
fn each_code_has_one_text_and_words_that_no_wrapper_retries_on() {
    let faults = client_core::faults(CATALOGUE, &["TS-PVE-"]);
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn texts_of_proxmox_have_codes() {
    let cases = [
        (
            500,
            "unable to create VM 100 - VM 100 already exists on node 'pve1'",
            Code::VmidTaken,
        ),
        (
            500,
            "storage 'nostore' does not exist",
            Code::StorageUnknown,
        ),
        (
            400,
            "storage 'isoonly' does not support vm images",
            Code::StorageContent,
        ),
        (
            500,
            "storage 'second' does not support 'iso' content",
            Code::StorageContent,
        ),
        (500, "VM is locked (backup)", Code::Locked),
        (
            500,
            "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout",
            Code::Locked,
        ),
        (
            500,
            "cfs-lock 'storage-rbd' error: got lock request timeout",
            Code::StorageBusy,
        ),
        (
            500,
            "cfs-lock 'storage-rbd' error: no quorum!",
            Code::Quorum,
        ),
        (
            500,
            "checksum mismatch (file change by other user?)",
            Code::Changed,
        ),
        (
            500,
            "only root can set 'hostpci0' config for non-mapped devices",
            Code::RootOnly,
        ),
        (
            500,
            "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist",
            Code::NotFound,
        ),
        (
            500,
            "hostname lookup 'nonode' failed - failed to get address info for: nonode: Temporary failure in name resolution",
            Code::HostUnknown,
        ),
        (
            500,
            "can't remove VM 110 - protection mode enabled",
            Code::Protected,
        ),
        (
            500,
            "invalid server response: '500 Can't connect to 127.0.0.1:1 (Connection refused)'",
            Code::Download,
        ),
        (
            403,
            "Permission check failed (/vms/100, VM.Audit)",
            Code::Permission,
        ),
        (401, "", Code::Auth),
        (595, "No route to host", Code::HostOffline),
        (596, "Connection timed out", Code::Unclear),
        (400, "value must have a minimum value of 1", Code::Input),
        (500, "something new", Code::Failed),
    ];
    for (status, text, code) in cases {
        assert_eq!(of_answer(status, text).0, code, "{status} {text}");
    }
}

#[test]
fn tasks_are_told_by_their_exit_status_or_their_log() {
    let log = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of_task("bridge 'vmbr99' does not exist", &[]), Code::Bridge);
    assert_eq!(
        of_task("checksum mismatch: got 'a' != expect 'b', aborting", &[]),
        Code::Checksum
    );
    assert_eq!(
        of_task(
            "unable to create VM 102 - lvcreate failed",
            &log(&[
                "Volume group has insufficient free space (10 extents)",
                "TASK ERROR"
            ])
        ),
        Code::StorageFull
    );
    assert_eq!(of_task("unexpected status", &[]), Code::TaskLost);
    assert_eq!(of_task("anything", &[]), Code::TaskFailed);
}

#[test]
fn a_missing_privilege_is_named() {
    let text = "Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)";
    let error = with_privilege(Error::new(Code::Permission, "listing", text), text);
    assert!(
        error
            .cure
            .contains("Datastore.Audit or Datastore.AllocateSpace on /storage/local"),
        "{}",
        error.cure
    );
    let kept = without_privilege(error.clone(), "VM.Allocate", "/vms/100");
    assert_eq!(kept, error);
    let bare = Error::new(Code::Permission, "creating", "403 Permission check failed");
    let bare = without_privilege(bare, "VM.Allocate", "/vms/100");
    assert!(
        bare.cure.contains("VM.Allocate on /vms/100"),
        "{}",
        bare.cure
    );
}

#[test]
fn what_never_arrived_may_be_sent_again_and_what_got_no_answer_may_not() {
    assert_eq!(of_answer(595, "").1, Sent::Never);
    assert_eq!(of_answer(596, "").1, Sent::Maybe);
    assert_eq!(of_answer(500, "VM is locked (backup)").1, Sent::Refused);
}

#[test]
fn display_names_everything() {
    let error = Error::new(
        Code::Unreachable,
        "GET https://pve1:8006/version",
        "connection refused",
    )
    .sent(Sent::Maybe);
    let text = error.to_string();
    for part in [
        "TS-PVE-UNREACHABLE",
        "pve1:8006",
        "refused",
        "Cause: ",
        "Cure: ",
        "may have been",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}
