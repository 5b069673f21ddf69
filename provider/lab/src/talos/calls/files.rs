//! Read: the files that clients ask for.

use futures::stream;
use proto_talos::{common, machine as api};
use tonic::Status;

use super::look;
use crate::talos::api::{Reply, stream as answer};
use crate::talos::fleet::Fleet;
use crate::talos::machine::Key;

/// Folders that every machine has.
const FOLDERS: [&str; 9] = [
    "/", "/bin", "/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/var",
];

pub(crate) fn read(fleet: &Fleet, key: &Key, request: &api::ReadRequest) -> Result<Reply, Status> {
    // What is not said from the root begins there.
    let path = format!("/{}", request.path.trim_matches('/'));
    let etcd = look(fleet, key, |_, machine, _| machine.etcd_data().is_some())?;
    if FOLDERS.contains(&path.as_str()) || (etcd && path == "/var/lib/etcd/member") {
        return Err(Status::unknown("path must be a regular file"));
    }
    let content = look(fleet, key, |_, _, run| match path.as_str() {
        "/proc/sys/kernel/random/boot_id" => Some(format!("{}\n", run.boot_id)),
        "/etc/os-release" => Some(format!(
            "NAME=\"Talos\"\nID=talos\nVERSION_ID={0}\nPRETTY_NAME=\"Talos ({0})\"\n",
            run.version
        )),
        _ => None,
    })?;
    let Some(content) = content else {
        return Err(Status::not_found(format!(
            "stat {}: no such file or directory",
            request.path
        )));
    };
    let data = common::Data {
        metadata: None,
        bytes: content.into_bytes(),
    };
    Ok(answer(stream::iter([Ok(data)])))
}
