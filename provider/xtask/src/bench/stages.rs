//! What plans cost the provider: memory per stage, CPU per number of configurations.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use acceptance_tests::progress::Stderr;
use acceptance_tests::stages::{Runner, Stage, Tree, install};
use anyhow::{Context, Result, bail};

use super::expect;

/// Peak memory of a stage's plan.
pub struct Peak {
    /// Name of the stage.
    pub name: &'static str,
    /// The largest of all starts.
    pub peak_kilobytes: u64,
}

/// Cost of a plan.
pub struct Cost {
    /// How often core started the provider.
    pub starts: usize,
    /// User and system time of all starts.
    pub cpu: Duration,
}

struct Note {
    folder: PathBuf,
    kilobytes: u64,
    cpu: Duration,
}

/// Plans the empty tree with placeholders, as a laptop without a cluster does.
pub fn peaks(plugin: &Path) -> Result<Vec<Peak>> {
    let work = tempfile::tempdir()?;
    let (probe, notes) = install_probe(plugin, work.path())?;
    let tree = Tree::copy("cluster-101", &probe, work.path())?;
    let runner = Runner::current(&mut Stderr)?;
    let output = tree.run_all(&runner, &["plan"], &|program| Command::new(program))?;
    if !output.status.success() {
        bail!(
            "the plan failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let mut peaks: BTreeMap<&str, u64> = BTreeMap::new();
    for note in read(&notes)? {
        let stage = Stage::ALL
            .into_iter()
            .find(|stage| note.folder.ends_with(stage.name()));
        let Some(stage) = stage else { continue };
        let peak = peaks.entry(stage.name()).or_default();
        *peak = note.kilobytes.max(*peak);
    }
    let peak = |stage: Stage| {
        Some(Peak {
            name: stage.name(),
            peak_kilobytes: *peaks.get(stage.name())?,
        })
    };
    Ok(Stage::ALL.into_iter().filter_map(peak).collect())
}

/// Plans `nodes` configurations with two patches each, from secrets that are in state.
pub fn config(plugin: &Path, nodes: usize) -> Result<Cost> {
    let work = tempfile::tempdir()?;
    let (probe, notes) = install_probe(plugin, work.path())?;
    let cli_config = install(&probe, work.path())?;
    let module = work.path().join("module");
    fs::create_dir_all(&module)?;
    fs::write(module.join("main.tf"), configuration(nodes))?;
    let core = Runner::current(&mut Stderr)?.core;
    let run = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new(&core);
        command.env("TF_CLI_CONFIG_FILE", &cli_config);
        expect(command.current_dir(&module).args(arguments))
    };
    run(&["init", "-no-color"])?;
    run(&[
        "apply",
        "-auto-approve",
        "-no-color",
        "-target=talos_secrets.cluster",
    ])?;
    fs::remove_file(&notes)?;
    run(&["plan", "-no-color"])?;
    let notes = read(&notes)?;
    Ok(Cost {
        starts: notes.len(),
        cpu: notes.iter().map(|note| note.cpu).sum(),
    })
}

fn configuration(nodes: usize) -> String {
    format!(
        r#"{PROVIDER}

resource "talos_secrets" "cluster" {{
  talos_version = "v1.12.6"
}}

data "talos_machine_config" "node" {{
  count = {nodes}

  cluster_name       = "bench"
  cluster_endpoint   = "https://10.0.0.10:6443"
  machine_type       = count.index < 3 ? "controlplane" : "worker"
  talos_version      = "v1.12.6"
  kubernetes_version = "1.35.6"
  machine_secrets    = talos_secrets.cluster.machine_secrets
  config_patches = [
    yamlencode({{ machine = {{ sysctls = {{ "net.core.somaxconn" = "4096" }} }} }}),
    yamlencode({{ machine = {{ nodeLabels = {{ "example.com/number" = tostring(count.index) }} }} }}),
  ]
}}
"#
    )
}

/// What a module says of the provider.
pub const PROVIDER: &str = r#"terraform {
  required_providers {
    talos = { source = "home-ops/talos-stack" }
  }
}
"#;

/// A script under the provider's name that starts the probe.
fn install_probe(plugin: &Path, folder: &Path) -> Result<(PathBuf, PathBuf)> {
    // A copy: the original may be built anew while figures are taken.
    let program = folder.join("xtask");
    fs::copy("/proc/self/exe", &program).context("cannot copy this program")?;
    let (script, notes) = (folder.join("probe"), folder.join("notes"));
    let text = format!(
        "#!/bin/sh\nexec '{}' bench-probe '{}' '{}'\n",
        program.display(),
        plugin.display(),
        notes.display()
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok((script, notes))
}

fn read(notes: &Path) -> Result<Vec<Note>> {
    let text = fs::read_to_string(notes).context("the provider was never started")?;
    text.lines()
        .map(|line| note(line).with_context(|| format!("odd note: {line}")))
        .collect()
}

fn note(line: &str) -> Option<Note> {
    let mut parts = line.rsplitn(3, ';');
    let cpu = Duration::from_micros(parts.next()?.parse().ok()?);
    let kilobytes = parts.next()?.parse().ok()?;
    Some(Note {
        folder: parts.next()?.into(),
        kilobytes,
        cpu,
    })
}
