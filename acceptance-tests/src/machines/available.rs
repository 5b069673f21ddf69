//! Can this host run Talos machines?

use crate::tools;

/// What keeps this host from running machines, each with its cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why(pub Vec<String>);

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "real Talos machines cannot run here: {}",
            self.0.join("; ")
        )
    }
}

impl std::error::Error for Why {}

/// Commands of the host that a rack uses, with the Debian package that has each.
pub(super) const COMMANDS: [(&str, &str); 8] = [
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("mount", "mount"),
    ("umount", "mount"),
    ("findmnt", "util-linux"),
    ("ldd", "libc-bin"),
    ("ip", "iproute2"),
    ("runc", "runc"),
];

const CAP_SYS_ADMIN: u32 = 21;

/// Answers `Ok` where machines can run, else everything that is missing at once.
pub fn available() -> Result<(), Why> {
    let mut missing = Vec::new();
    if !cfg!(target_os = "linux") {
        missing.push("they need Linux namespaces; use a Linux host".to_owned());
    }
    if !nix::unistd::geteuid().is_root() || !tools::has_capability(CAP_SYS_ADMIN) {
        missing.push("they need root with CAP_SYS_ADMIN; run as root (sudo -E)".to_owned());
    }
    for (command, package) in COMMANDS {
        if tools::which(command).is_none() {
            missing.push(format!(
                "`{command}` is not on PATH; install the package {package}"
            ));
        }
    }
    if super::cgroups::Layout::of_host().is_none() {
        missing.push(
            "no cgroup hierarchy with the memory controller is mounted; mount /sys/fs/cgroup"
                .to_owned(),
        );
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Why(missing))
    }
}
