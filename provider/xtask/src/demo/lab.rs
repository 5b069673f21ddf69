//! The lab: Proxmox VE and Talos machines simulated, with a real Kubernetes behind them.

use std::path::Path;
use std::process::{Command, Stdio};

use acceptance_tests::lab::TOOLS;
use acceptance_tests::progress::Stderr;
use acceptance_tests::tools;
use anyhow::Result;

use super::server::{self, Server};
use super::site::Site;
use crate::workspace::{self, say};

const CLUSTER: &str = "cluster-101";

/// The running lab of an earlier demo, or a new one.
pub fn start(folder: &Path) -> Result<Site> {
    say("building the lab");
    let program = workspace::build("lab", "talos-lab")?;
    let dir = folder.join("world");
    if is_served(&program, &dir) {
        say("the lab of the last demo is still running");
    } else {
        say("building what the lab runs (minutes the first time, nothing later)");
        tools::ensure(&TOOLS, &mut Stderr)?;
        say(
            "starting the lab: three Proxmox VE hosts, an image factory, a registry and a git host",
        );
        let mut command = Command::new(&program);
        command.args(["serve", "--dir"]).arg(&dir);
        command.arg("--journal").arg(folder.join("journal.jsonl"));
        Server::start(command, folder)?.wait(|| is_served(&program, &dir).then_some(()))?;
    }
    let status = format!("{} status --dir {}", program.display(), dir.display());
    Ok(Site {
        cluster: CLUSTER,
        option: "",
        inside: Site::exec(&program, &dir),
        machine: "10.101.0.11",
        hints: vec![(status, "VMs, machines, etcd members, Kubernetes objects")],
    })
}

/// Whether commands can be run in it.
fn is_served(program: &Path, dir: &Path) -> bool {
    let mut exec = Command::new(program);
    exec.args(["exec", "--dir"]).arg(dir).args(["--", "true"]);
    exec.stdout(Stdio::null()).stderr(Stdio::null());
    exec.status().is_ok_and(|status| status.success())
}

/// Ends the lab of an earlier demo; whether there was one.
pub fn stop(folder: &Path) -> Result<bool> {
    let program = workspace::build("lab", "talos-lab")?;
    if !is_served(&program, &folder.join("world")) {
        return Ok(false);
    }
    server::stop(folder)?;
    Ok(true)
}
