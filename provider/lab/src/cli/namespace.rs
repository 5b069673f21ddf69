//! A network of the lab's own: a network namespace, through a user namespace where the caller is
//! not root (reference: namespaces(7)).

use std::fs::{self, File};
use std::path::Path;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getgid, getuid};

/// Leaves the machine's network for an empty one. Only a process with one thread can do this.
///
/// # Errors
/// The kernel refuses; the message says what to do.
pub(super) fn enter() -> Result<(), String> {
    let (user, group) = (getuid(), getgid());
    if user.is_root() {
        return unshare(CloneFlags::CLONE_NEWNET).map_err(refused);
    }
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).map_err(refused)?;
    // The kernel takes a group map from an unprivileged process only after this.
    let maps = [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{user} {user} 1")),
        ("gid_map", format!("{group} {group} 1")),
    ];
    for (name, text) in maps {
        let path = format!("/proc/self/{name}");
        fs::write(&path, text).map_err(|error| format!("cannot write {path}: {error}"))?;
    }
    Ok(())
}

fn refused(error: Errno) -> String {
    format!(
        "the kernel does not give the lab a network of its own ({error}): run it as root, or allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0)"
    )
}

/// Joins the network of a process, which must be the caller's own.
///
/// # Errors
/// The process is gone, or is somebody else's.
pub(super) fn join(process: u32) -> Result<(), String> {
    let folder = format!("/proc/{process}/ns");
    let open = |name: &str| {
        let path = Path::new(&folder).join(name);
        File::open(&path)
            .map_err(|error| format!("no lab is being served there ({}: {error})", path.display()))
    };
    let failed = |error: Errno| format!("cannot join the lab's network: {error}");
    let network = open("net")?;
    if !getuid().is_root() {
        setns(open("user")?, CloneFlags::CLONE_NEWUSER).map_err(failed)?;
    }
    setns(network, CloneFlags::CLONE_NEWNET).map_err(failed)
}
