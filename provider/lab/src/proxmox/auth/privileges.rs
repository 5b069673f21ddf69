//! Privileges and the built-in roles (documentation of user management).

use std::collections::{BTreeMap, BTreeSet};

/// Privileges of every release that the lab plays.
const COMMON: [&str; 42] = [
    "Datastore.Allocate",
    "Datastore.AllocateSpace",
    "Datastore.AllocateTemplate",
    "Datastore.Audit",
    "Group.Allocate",
    "Mapping.Audit",
    "Mapping.Modify",
    "Mapping.Use",
    "Permissions.Modify",
    "Pool.Allocate",
    "Pool.Audit",
    "Realm.Allocate",
    "Realm.AllocateUser",
    "SDN.Allocate",
    "SDN.Audit",
    "SDN.Use",
    "Sys.AccessNetwork",
    "Sys.Audit",
    "Sys.Console",
    "Sys.Incoming",
    "Sys.Modify",
    "Sys.PowerMgmt",
    "Sys.Syslog",
    "User.Modify",
    "VM.Allocate",
    "VM.Audit",
    "VM.Backup",
    "VM.Clone",
    "VM.Config.CDROM",
    "VM.Config.CPU",
    "VM.Config.Cloudinit",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.Console",
    "VM.Migrate",
    "VM.PowerMgmt",
    "VM.Replicate",
    "VM.Snapshot",
    "VM.Snapshot.Rollback",
];

/// PVE 9 split VM.Monitor into these.
const AGENT: [&str; 5] = [
    "VM.GuestAgent.Audit",
    "VM.GuestAgent.FileRead",
    "VM.GuestAgent.FileSystemMgmt",
    "VM.GuestAgent.FileWrite",
    "VM.GuestAgent.Unrestricted",
];

/// All privileges of a major release.
pub(crate) fn all(major: u32) -> BTreeSet<String> {
    let agent: &[&str] = if major >= 9 { &AGENT } else { &["VM.Monitor"] };
    COMMON
        .iter()
        .chain(agent)
        .map(ToString::to_string)
        .collect()
}

/// Privileges of a role; a role that nobody knows has none.
pub(crate) fn role(
    own: &BTreeMap<String, BTreeSet<String>>,
    name: &str,
    major: u32,
) -> BTreeSet<String> {
    if let Some(own) = own.get(name) {
        return own.intersection(&all(major)).cloned().collect();
    }
    let built_in = |privilege: &String| match name {
        "Administrator" => true,
        "PVEAuditor" => privilege.ends_with(".Audit") && !privilege.contains("GuestAgent"),
        "PVEVMAdmin" => privilege.starts_with("VM."),
        "PVEDatastoreAdmin" => privilege.starts_with("Datastore."),
        _ => false,
    };
    all(major).into_iter().filter(built_in).collect()
}
