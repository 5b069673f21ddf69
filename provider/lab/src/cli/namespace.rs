//! A network of the lab's own: a network namespace, through a user namespace where the caller is
//! not root (reference: namespaces(7)). Names of that network come with a mount namespace, in which
//! another file stands at `/etc/hosts`.

use std::fs::{self, File};
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
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

/// Puts a file in the place of `/etc/hosts`, for this process and what it starts.
///
/// # Errors
/// The kernel refuses, as it does in some containers.
pub(super) fn name(hosts: &Path) -> Result<(), String> {
    let failed = |error: Errno| {
        format!("names of the lab's services cannot be set ({error}); use their addresses")
    };
    let none: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS).map_err(failed)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).map_err(failed)?;
    mount(Some(hosts), "/etc/hosts", none, MsFlags::MS_BIND, none).map_err(failed)
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
    let (network, mounts) = (open("net")?, open("mnt")?);
    let here = std::env::current_dir();
    if !getuid().is_root() {
        setns(open("user")?, CloneFlags::CLONE_NEWUSER).map_err(failed)?;
    }
    setns(network, CloneFlags::CLONE_NEWNET).map_err(failed)?;
    // Joining mounts leads to their root.
    setns(mounts, CloneFlags::CLONE_NEWNS).map_err(failed)?;
    match here {
        Ok(here) => std::env::set_current_dir(&here)
            .map_err(|error| format!("cannot go back to {}: {error}", here.display())),
        Err(_) => Ok(()),
    }
}
