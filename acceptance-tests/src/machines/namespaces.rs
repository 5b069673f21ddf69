//! Work inside the namespaces of another process, on a thread of its own.

use super::error::RackError;
use nix::sched::{CloneFlags, setns, unshare};
use std::fs::File;
use std::path::PathBuf;

/// Every kind of namespace that a machine has of its own.
pub(super) const MACHINE: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWCGROUP);

/// In this order: once the mount namespace is entered, the host's /proc is out of reach.
const KINDS: [(CloneFlags, &str); 6] = [
    (CloneFlags::CLONE_NEWCGROUP, "cgroup"),
    (CloneFlags::CLONE_NEWIPC, "ipc"),
    (CloneFlags::CLONE_NEWUTS, "uts"),
    (CloneFlags::CLONE_NEWNET, "net"),
    (CloneFlags::CLONE_NEWPID, "pid"),
    (CloneFlags::CLONE_NEWNS, "mnt"),
];

/// Runs `work` in those namespaces of process `pid` that `kinds` names; the caller's thread stays where it is.
///
/// The process-id namespace counts for the children that `work` starts, not for `work` itself.
pub(super) fn within<T: Send>(
    pid: u32,
    kinds: CloneFlags,
    work: impl FnOnce() -> Result<T, RackError> + Send,
) -> Result<T, RackError> {
    std::thread::scope(|scope| {
        let entered = scope.spawn(move || {
            enter(pid, kinds)?;
            work()
        });
        entered.join().unwrap_or_else(|_| {
            Err(RackError::Use(
                "the work inside the namespaces panicked".to_owned(),
            ))
        })
    })
}

/// Moves the calling thread for good; for threads that live inside.
pub(super) fn enter(pid: u32, kinds: CloneFlags) -> Result<(), RackError> {
    if kinds.contains(CloneFlags::CLONE_NEWNS) {
        // Threads share root and working folder, and such a thread may not change its mount namespace.
        unshare(CloneFlags::CLONE_FS)
            .map_err(RackError::system("give a thread its own root folder"))?;
    }
    for (kind, name) in KINDS.into_iter().filter(|(kind, _)| kinds.contains(*kind)) {
        let path = PathBuf::from(format!("/proc/{pid}/ns/{name}"));
        let file = File::open(&path).map_err(RackError::file("open", &path))?;
        setns(file, kind).map_err(RackError::system(format!(
            "enter the {name} namespace of process {pid}"
        )))?;
    }
    Ok(())
}

/// The first child of process `pid`, as the host numbers it.
pub(super) fn child_of(pid: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").ok()?;
    let numbers = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .into_iter()
        .find(|number| parent_of(*number) == Some(pid))
}

/// Fields after the name in /proc/PID/stat: state, parent, …, the 20th is the start time (proc(5), field 22).
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and parentheses.
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// When process `pid` started, in clock ticks since boot; `None` when it is gone or a zombie.
/// With the number it tells a process from a later one of the same number.
pub(super) fn started(pid: u32) -> Option<u64> {
    let fields = stat(pid)?;
    if fields
        .first()
        .is_none_or(|state| state == "Z" || state == "X")
    {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{child_of, parent_of, started};

    #[test]
    fn processes_are_found_by_their_parent() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        assert_eq!(parent_of(child.id()), Some(std::process::id()));
        assert!(started(child.id()).is_some());
        assert!(child_of(std::process::id()).is_some());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(started(child.id()), None);
    }
}
