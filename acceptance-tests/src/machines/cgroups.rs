//! A control group for each machine, so that it sees its own tree only, can be frozen, and leaves nothing behind.

use super::error::RackError;
use super::state::Process;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Version 1 hierarchies that a machine gets when the host does not have the memory controller in version 2.
const V1_CONTROLLERS: [&str; 8] = [
    "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids",
];
const ROOT: &str = "/sys/fs/cgroup";
const PREFIX: &str = "talos-rack-";
/// How long a killed process may take to leave its group.
const LEAVING: Duration = Duration::from_secs(2);

/// How this host mounts control groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One tree for all controllers.
    Unified,
    /// One tree for each of these controllers.
    Split(Vec<&'static str>),
}

impl Layout {
    /// What is mounted on this host, if machines can use it.
    pub(super) fn of_host() -> Option<Self> {
        let unified = fs::read_to_string(format!("{ROOT}/cgroup.controllers")).unwrap_or_default();
        if unified.split_whitespace().any(|name| name == "memory") {
            return Some(Self::Unified);
        }
        let mounted = |name: &&str| Path::new(ROOT).join(name).join("cgroup.procs").is_file();
        let controllers: Vec<_> = V1_CONTROLLERS.into_iter().filter(mounted).collect();
        controllers
            .contains(&"memory")
            .then_some(Self::Split(controllers))
    }

    fn trees(&self) -> Vec<PathBuf> {
        match self {
            Self::Unified => vec![PathBuf::from(ROOT)],
            Self::Split(controllers) => controllers
                .iter()
                .map(|name| Path::new(ROOT).join(name))
                .collect(),
        }
    }
}

/// The control group of one machine.
#[derive(Clone, Debug)]
pub(super) struct Cgroup {
    layout: Layout,
    rack: String,
    machine: String,
}

impl Cgroup {
    /// Names the group of `machine` in the rack called `rack` (a short id); nothing is created yet.
    pub(super) fn new(layout: Layout, rack: &str, machine: &str) -> Self {
        Self {
            layout,
            rack: format!("{PREFIX}{rack}"),
            machine: machine.to_owned(),
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        self.layout
            .trees()
            .into_iter()
            .map(|tree| tree.join(&self.rack).join(&self.machine))
            .collect()
    }

    /// Creates the group, empty.
    pub(super) fn create(&self) -> Result<(), RackError> {
        for tree in self.layout.trees() {
            let rack = tree.join(&self.rack);
            for (parent, folder) in [(&tree, rack.clone()), (&rack, rack.join(&self.machine))] {
                fs::create_dir_all(&folder).map_err(RackError::file("create", &folder))?;
                hand_down(&self.layout, parent, &folder);
            }
        }
        Ok(())
    }

    /// Moves process `pid` in; its later children are born there.
    pub(super) fn admit(&self, pid: u32) -> Result<(), RackError> {
        for folder in self.folders() {
            let file = folder.join("cgroup.procs");
            fs::write(&file, pid.to_string()).map_err(RackError::file("write", &file))?;
        }
        Ok(())
    }

    /// Stops every process of the group where it is, or lets all go on.
    pub(super) fn freeze(&self, frozen: bool) -> Result<(), RackError> {
        let group = Path::new(&self.rack).join(&self.machine);
        let (file, word) = match &self.layout {
            Layout::Unified => (
                Path::new(ROOT).join(group).join("cgroup.freeze"),
                if frozen { "1" } else { "0" },
            ),
            Layout::Split(_) => (
                Path::new(ROOT)
                    .join("freezer")
                    .join(group)
                    .join("freezer.state"),
                if frozen { "FROZEN" } else { "THAWED" },
            ),
        };
        fs::write(&file, word).map_err(RackError::file("write", &file))
    }

    /// Removes the group and what its machine made below, as soon as the last process has left it.
    pub(super) fn remove(&self) {
        for folder in self.folders() {
            let started = Instant::now();
            remove_tree(&folder);
            while folder.exists() && started.elapsed() < LEAVING {
                std::thread::sleep(Duration::from_millis(5));
                remove_tree(&folder);
            }
            if let Some(rack) = folder.parent() {
                let _ = fs::remove_dir(rack);
            }
        }
    }
}

/// A name for the groups of the rack in `dir` that tells whether it still runs: it has the number of the process
/// that ends it, `owner`.
pub(super) fn rack_id(owner: u32, dir: &Path) -> String {
    let dir = Sha256::digest(dir.to_string_lossy().as_bytes());
    format!("{owner}-{}", super::rootfs::short(&dir))
}

/// Removes what racks left behind whose owner was killed.
pub(super) fn sweep(layout: &Layout) {
    let abandoned = |name: &str| {
        let owner = name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()?;
        Process::of(owner).is_none().then(|| name.to_owned())
    };
    for tree in layout.trees() {
        let entries = fs::read_dir(&tree).into_iter().flatten().flatten();
        for name in entries.filter_map(|entry| abandoned(entry.file_name().to_str()?)) {
            thaw_all(&tree.join(&name));
            remove_tree(&tree.join(&name));
        }
    }
}

/// Processes that were killed while they were frozen end once they are thawed; the next sweep removes their groups.
fn thaw_all(rack: &Path) {
    for machine in fs::read_dir(rack).into_iter().flatten().flatten() {
        for (file, word) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
            // Each file exists in one kind of tree only.
            let _ = fs::write(machine.path().join(file), word);
        }
    }
}

/// Gives `folder` the controllers and CPUs of its parent: neither is inherited by itself.
fn hand_down(layout: &Layout, parent: &Path, folder: &Path) {
    match layout {
        Layout::Unified => {
            for controller in ["cpu", "cpuset", "io", "memory", "pids"] {
                // A controller that the host keeps to itself is one the machine does without.
                let _ = fs::write(
                    parent.join("cgroup.subtree_control"),
                    format!("+{controller}"),
                );
            }
        }
        Layout::Split(_) => {
            for file in ["cpuset.cpus", "cpuset.mems"] {
                if let Ok(value) = fs::read_to_string(parent.join(file)) {
                    let _ = fs::write(folder.join(file), value);
                }
            }
        }
    }
}

fn remove_tree(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
}
