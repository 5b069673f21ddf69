//! From what Proxmox VE says to a code. Facts: reference texts of Proxmox VE 8.4 to 9.2, recorded from the real code.
//!
//! Nearly every failure of Proxmox VE is status 500 with a text, so the text decides; the status alone says little.

use super::{Code, Error, Sent};

/// Fragments of a text, all of which must be there, and what they mean. The first line that fits counts.
const TEXTS: &[(&[&str], Code)] = &[
    (&["only root can "], Code::RootOnly),
    (&["only root@pam can"], Code::RootOnly),
    (&["Only root can pass arbitrary"], Code::RootOnly),
    (&["Only root may use"], Code::RootOnly),
    (&["Permission check failed"], Code::Permission),
    (
        &["unable to create VM ", " already exists"],
        Code::VmidTaken,
    ),
    (&["config file already exists"], Code::VmidTaken),
    (
        &["close (rename) atomic file", "File exists"],
        Code::VmidTaken,
    ),
    (&["VM ", " already exists"], Code::VmidTaken),
    (&["no quorum"], Code::Quorum),
    (&["cluster not ready"], Code::Quorum),
    (&["can't lock file", "lock-"], Code::Locked),
    (&["VM is locked"], Code::Locked),
    (&["can't lock file", "pve-storage-"], Code::StorageBusy),
    (&["cfs-lock 'storage-"], Code::StorageBusy),
    (&["cfs-lock"], Code::Busy),
    (&["got no worker upid"], Code::Busy),
    (&["checksum mismatch: got"], Code::Checksum),
    (&["checksum mismatch (file change"], Code::Changed),
    (&["detected modified configuration"], Code::Changed),
    (&["protection mode enabled"], Code::Protected),
    (&["refusing to override existing file"], Code::FileExists),
    (&["storage '", "' does not exist"], Code::StorageUnknown),
    (
        &["storage '", "is not available on node"],
        Code::StorageUnknown,
    ),
    (&["storage '", "is disabled"], Code::StorageUnknown),
    (&["does not support vm images"], Code::StorageContent),
    (&["storage '", "does not support"], Code::StorageContent),
    (&["No space left on device"], Code::StorageFull),
    (&["no space left"], Code::StorageFull),
    (&["insufficient free space"], Code::StorageFull),
    (&["out of space"], Code::StorageFull),
    (&["not enough free space"], Code::StorageFull),
    (&["not enough space"], Code::StorageFull),
    (&["disk quota exceeded"], Code::StorageFull),
    (&["bridge '", "' does not exist"], Code::Bridge),
    (&["no such bridge"], Code::Bridge),
    (&["volume '", "' does not exist"], Code::VolumeMissing),
    (&["failed to stat '"], Code::VolumeMissing),
    (&["has wrong type '"], Code::StorageContent),
    (
        &["Configuration file '", "' does not exist"],
        Code::NotFound,
    ),
    (
        &["unable to find configuration file for VM"],
        Code::NotFound,
    ),
    (&["no such cluster node"], Code::HostUnknown),
    (&["hostname lookup '"], Code::HostUnknown),
    (&["hotplug problem"], Code::Hotplug),
    (&["start failed"], Code::Start),
    (&["missing expected property"], Code::Start),
    (&["No route to host"], Code::HostOffline),
    (&["download failed"], Code::Download),
    (&["invalid server response"], Code::Download),
    (&["wrong file extension"], Code::Input),
];

/// The code for an answer that is no success. `text` is everything it says, the errors of parameters included.
pub(crate) fn of_answer(status: u16, text: &str) -> (Code, Sent) {
    match status {
        401 => (Code::Auth, Sent::Refused),
        403 => (Code::Permission, Sent::Refused),
        // The host that was asked could not pass the request on: it never arrived.
        595 => (Code::HostOffline, Sent::Never),
        // It was passed on, and no answer came.
        596 | 599 | 502 | 504 => (Code::Unclear, Sent::Maybe),
        503 => (Code::Busy, Sent::Never),
        501 => (Code::Unsupported, Sent::Refused),
        400 => (of_text(text).unwrap_or(Code::Input), Sent::Refused),
        404 => (Code::NotProxmox, Sent::Refused),
        _ => (of_text(text).unwrap_or(Code::Failed), Sent::Refused),
    }
}

/// The code for the exit status of a task, with the lines of its log.
pub(crate) fn of_task(exit: &str, log: &[String]) -> Code {
    if exit.starts_with("unexpected status") {
        return Code::TaskLost;
    }
    let telling = log.iter().rev().find_map(|line| of_text(line));
    of_text(exit).or(telling).unwrap_or(Code::TaskFailed)
}

fn of_text(text: &str) -> Option<Code> {
    let fits = |parts: &[&str]| parts.iter().all(|part| text.contains(part));
    TEXTS
        .iter()
        .find(|(parts, _)| fits(parts))
        .map(|(_, code)| *code)
}

/// The cure of a refusal for want of a privilege, which names path and privilege: `Permission check failed (/vms/100, VM.Audit)`.
pub(crate) fn with_privilege(error: Error, text: &str) -> Error {
    let named = text
        .split_once("Permission check failed (")
        .and_then(|(_, rest)| rest.split_once(')'))
        .and_then(|(inside, _)| inside.split_once(", "));
    match named.filter(|_| error.code == Code::Permission) {
        Some((path, privilege)) => lacking(error, &privilege.replace('|', " or "), path),
        None => error,
    }
}

/// The same where it names neither, and the caller knows which privilege it is.
pub(crate) fn without_privilege(error: Error, privilege: &str, path: &str) -> Error {
    let unnamed = error.code == Code::Permission && !error.seen.contains("check failed (");
    if unnamed {
        lacking(error, privilege, path)
    } else {
        error
    }
}

fn lacking(error: Error, privilege: &str, path: &str) -> Error {
    error.cured_by(format!(
        "give the token (and, with privilege separation, its user) a role with the privilege {privilege} on {path}: \
         pveum acl modify {path} --tokens 'USER@REALM!NAME' --roles ROLE"
    ))
}
