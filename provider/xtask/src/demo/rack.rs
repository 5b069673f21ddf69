//! Three real Talos machines.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use acceptance_tests::machines::{Rack, install_missing};
use acceptance_tests::progress::Stderr;
use acceptance_tests::tools::{self, Tool};
use anyhow::{Result, bail};

use super::server::{self, Server};
use super::site::Site;
use crate::workspace::{self, say};

const CLUSTER: &str = "real-101";

/// Machines of that cluster.
const MACHINES: [&str; 3] = ["realcp01", "realcp02", "realcp03"];

/// How long a machine that is there may be silent.
const LIMIT: Duration = Duration::from_secs(60);

/// Refused where this host cannot run machines.
pub fn check() -> Result<()> {
    install_missing(&mut Stderr);
    if let Err(why) = Rack::available() {
        bail!("this demo needs real machines, and this host cannot run them:\n{why}");
    }
    Ok(())
}

/// The running machines of an earlier demo, or new ones.
pub fn start(folder: &Path) -> Result<Site> {
    say("building what runs the machines");
    let program = workspace::build("acceptance-tests", "talos-rack")?;
    let dir = folder.join("rack");
    if Rack::attach(&dir).is_ok() {
        say("the machines of the last demo are still running");
    } else {
        serve(&program, &dir, folder)?;
    }
    Ok(Site {
        cluster: CLUSTER,
        option: " --real",
        inside: Site::exec(&program, &dir),
        machine: "10.5.0.11",
        hints: Vec::new(),
    })
}

fn serve(program: &Path, dir: &Path, folder: &Path) -> Result<()> {
    say("building what the machines are made of (minutes the first time, nothing later)");
    tools::ensure(&Tool::all(), &mut Stderr)?;
    let names = MACHINES.join(",");
    say(&format!("starting Talos machines: {names}"));
    std::fs::create_dir_all(dir)?;
    let mut command = Command::new(program);
    command.args(["serve", "--names", &names, "--dir"]).arg(dir);
    Server::start(command, folder)?.wait(|| {
        let rack = Rack::attach(dir).ok()?;
        rack.machines()
            .all(|machine| machine.is_running() && machine.wait_for_api(LIMIT).is_ok())
            .then_some(())
    })
}

/// Ends the machines of an earlier demo; whether there were any.
pub fn stop(folder: &Path) -> Result<bool> {
    if Rack::attach(&folder.join("rack")).is_err() {
        return Ok(false);
    }
    server::stop(folder)?;
    Ok(true)
}
