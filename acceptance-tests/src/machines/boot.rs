//! From a waiting shell in fresh namespaces to a running Talos: its mounts, its network, its name.

use super::error::{RackError, run};
use super::namespaces::{self, within};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::CloneFlags;
use std::fs;
use std::path::{Path, PathBuf};

/// What a machine is made of.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub name: &'a str,
    /// Address with prefix length.
    pub address: &'a str,
    pub gateway: &'a str,
    /// The shared root.
    pub root: &'a Path,
    /// Folder of this machine, with `root` (a mount point), `state` and `hostname`.
    pub folder: &'a Path,
    pub layout: &'a super::cgroups::Layout,
    /// See `RackSpec::without_cni`.
    pub cni: bool,
}

/// Mount points of their own, emptied by every start. Talos binds /system/libexec and refuses what is not a mount.
const EMPTY: [&str; 9] = [
    "run",
    "tmp",
    "opt",
    "etc/cni",
    "etc/kubernetes",
    "usr/libexec/kubernetes",
    "system",
    "system/libexec",
    "usr/local/lib/kubelet/credentialproviders",
];

/// Folders that survive a restart, as a disk would; /system is a fresh mount, so theirs below it are made there.
const KEPT: [&str; 3] = ["var", "system/state", "system/var"];

/// In a version of the format from before containerd asked plugins for their status: there is none to ask.
const CLUSTER_NETWORK: &str = r#"{"cniVersion":"1.0.0","name":"rack","plugins":[{"type":"ptp"}]}"#;

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Prepares the namespaces of process `pid`, which waits in them, so that it only has to run /sbin/init.
pub(super) fn prepare(pid: u32, body: &Body<'_>) -> Result<(), RackError> {
    within(pid, CloneFlags::CLONE_NEWNET, || network(body))?;
    within(pid, namespaces::MACHINE, || {
        nix::unistd::sethostname(body.name).map_err(RackError::system("set the host name"))?;
        file_systems(body)
    })
}

fn network(body: &Body<'_>) -> Result<(), RackError> {
    run("ip", &["link", "set", "lo", "up"])?;
    run("ip", &["address", "add", body.address, "dev", "eth0"])?;
    run("ip", &["link", "set", "eth0", "up"])?;
    run("ip", &["route", "add", "default", "via", body.gateway])?;
    Ok(())
}

fn file_systems(body: &Body<'_>) -> Result<(), RackError> {
    let root = body.folder.join("root");
    bind(body.root, &root)?;
    // Writable until pivot_root has made its folder; Talos gets it read-only, as its own image is.
    proc_file_system(&root)?;
    fresh("sysfs", &root.join("sys"), None)?;
    control_groups(&root, body)?;
    devices(&root)?;
    for folder in EMPTY {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).map_err(RackError::file("create", &folder))?;
        fresh("tmpfs", &folder, None)?;
    }
    for folder in KEPT {
        let (inside, outside) = (root.join(folder), body.folder.join("state").join(folder));
        for folder in [&inside, &outside] {
            fs::create_dir_all(folder).map_err(RackError::file("create", folder))?;
        }
        bind(&outside, &inside)?;
    }
    bind(&body.folder.join("hostname"), &root.join("etc/hostname"))?;
    if body.cni {
        cluster_network(&root)?;
    }
    read_only(&root)?;
    change_root(&root)
}

fn cluster_network(root: &Path) -> Result<(), RackError> {
    let folder = root.join("etc/cni/net.d");
    fs::create_dir(&folder).map_err(RackError::file("create", &folder))?;
    let file = folder.join("10-rack.conflist");
    fs::write(&file, CLUSTER_NETWORK).map_err(RackError::file("write", &file))
}

/// Mounted by a command: only a child is in the machine's process-id namespace.
fn proc_file_system(root: &Path) -> Result<(), RackError> {
    run(
        "mount",
        &["-t", "proc", "proc", &root.join("proc").to_string_lossy()],
    )
    .map(drop)
}

fn control_groups(root: &Path, body: &Body<'_>) -> Result<(), RackError> {
    let point = root.join("sys/fs/cgroup");
    match body.layout {
        super::cgroups::Layout::Unified => fresh("cgroup2", &point, None),
        super::cgroups::Layout::Split(controllers) => {
            fresh("tmpfs", &point, None)?;
            for name in controllers {
                let tree = point.join(name);
                fs::create_dir(&tree).map_err(RackError::file("create", &tree))?;
                fresh("cgroup", &tree, Some(name))?;
            }
            Ok(())
        }
    }
}

fn devices(root: &Path) -> Result<(), RackError> {
    let dev = root.join("dev");
    fresh("tmpfs", &dev, None)?;
    let file = |name: &str| -> Result<PathBuf, RackError> {
        let path = dev.join(name);
        fs::write(&path, b"").map_err(RackError::file("create", &path))?;
        Ok(path)
    };
    for name in DEVICES {
        bind(&Path::new("/dev").join(name), &file(name)?)?;
    }
    // The kernel's log is the host's.
    bind(Path::new("/dev/null"), &file("kmsg")?)?;
    for (name, kind) in [("pts", "devpts"), ("shm", "tmpfs")] {
        let folder = dev.join(name);
        fs::create_dir(&folder).map_err(RackError::file("create", &folder))?;
        fresh(kind, &folder, None)?;
    }
    Ok(())
}

fn bind(from: &Path, to: &Path) -> Result<(), RackError> {
    let what = || format!("bind {} to {}", from.display(), to.display());
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .map_err(RackError::system(what()))
}

fn read_only(root: &Path) -> Result<(), RackError> {
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    mount(None::<&str>, root, None::<&str>, flags, None::<&str>).map_err(RackError::system(
        format!("make {} read-only", root.display()),
    ))
}

fn fresh(kind: &str, to: &Path, options: Option<&str>) -> Result<(), RackError> {
    let what = format!("mount {kind} on {}", to.display());
    mount(Some(kind), to, Some(kind), MsFlags::empty(), options).map_err(RackError::system(what))
}

fn change_root(root: &Path) -> Result<(), RackError> {
    std::env::set_current_dir(root).map_err(RackError::file("enter", root))?;
    nix::unistd::pivot_root(".", ".old")
        .map_err(RackError::system("change the machine's root folder"))?;
    std::env::set_current_dir("/").map_err(RackError::file("enter", Path::new("/")))?;
    umount2("/.old", MntFlags::MNT_DETACH)
        .map_err(RackError::system("let go of the host's file systems"))
}
