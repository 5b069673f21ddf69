//! What a refresh of many VMs costs, on the lab.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use acceptance_tests::lab::Lab;
use acceptance_tests::progress::Stderr;
use acceptance_tests::stages::{Runner, install};
use anyhow::Result;

use super::expect;
use super::stages::PROVIDER;
use crate::workspace;

/// Cost of a refresh.
pub struct Refresh {
    /// A plan, from the core's start to its end.
    pub wall: Duration,
    /// What was asked of Proxmox VE.
    pub requests: usize,
}

/// Creates that many VMs on three hosts and plans once more.
pub fn refresh(plugin: &Path, count: usize) -> Result<Refresh> {
    workspace::build("lab", "talos-lab")?;
    let core = Runner::current(&mut Stderr)?.core;
    let work = tempfile::tempdir()?;
    // What is measured are answers, not tasks: those may pass quickly.
    let lab = Lab::serve_at("100", &work.path().join("lab"), "{}")?;
    let cli_config = install(plugin, work.path())?;
    let module = work.path().join("module");
    fs::create_dir_all(&module)?;
    fs::write(module.join("main.tf"), configuration(count))?;
    let run = |arguments: &[&str]| {
        let mut command = lab.command(&core);
        command.env("TF_CLI_CONFIG_FILE", &cli_config);
        expect(command.current_dir(&module).args(arguments))
    };
    run(&["init", "-no-color"])?;
    run(&["apply", "-auto-approve", "-no-color", "-parallelism=10"])?;
    let before = requests(&lab)?;
    let begun = Instant::now();
    run(&["plan", "-detailed-exitcode", "-no-color"])?;
    let wall = begun.elapsed();
    Ok(Refresh {
        wall,
        requests: requests(&lab)? - before,
    })
}

fn requests(lab: &Lab) -> Result<usize> {
    let journal = lab.journal()?;
    let own = journal.iter().filter(|entry| entry["service"] == "proxmox");
    Ok(own.count())
}

fn configuration(count: usize) -> String {
    format!(
        r#"{PROVIDER}
resource "proxmox_talos_vm" "node" {{
  provider = talos
  count    = {count}

  name   = "bench${{count.index}}"
  node   = "pve0${{count.index % 3 + 1}}"
  vmid   = 1000 + count.index
  tags   = ["bench", "talos"]
  cpu    = {{ type = "host", cores = 2 }}
  memory = {{ mib = 2048 }}

  efi_disk = {{ storage = "rbd-vm" }}
  disks    = {{ scsi0 = {{ storage = "rbd-vm", size_gib = 10 }} }}
  nics     = {{ net0 = {{ bridge = "vnet101" }} }}

  power_state = "stopped"
}}
"#
    )
}
