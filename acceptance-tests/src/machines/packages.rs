//! The few programs that machines need from the host's own package manager.

use std::process::Command;

use super::available::COMMANDS;
use crate::progress::Progress;
use crate::tools;

/// Installs what is missing, as root on a host with apt; elsewhere nothing happens, and [`super::Rack::available`]
/// goes on naming what is missing.
pub fn install_missing(progress: &mut dyn Progress) {
    let mut missing: Vec<&str> = COMMANDS
        .iter()
        .filter(|(command, _)| tools::which(command).is_none())
        .map(|(_, package)| *package)
        .collect();
    missing.dedup();
    if missing.is_empty() || !nix::unistd::geteuid().is_root() || tools::which("apt-get").is_none()
    {
        return;
    }
    progress.line(&format!("installing packages: {}", missing.join(" ")));
    // What did not work out shows in what is still missing.
    let _ = apt(&["update"]);
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    let _ = apt(&install);
}

fn apt(arguments: &[&str]) -> std::io::Result<std::process::Output> {
    Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
}
