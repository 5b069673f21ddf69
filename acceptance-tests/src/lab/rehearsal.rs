//! The stages of cluster-101 on the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::Lab;
use crate::network::Network as _;
use crate::stages::{self, Planned, Runner, Stage, Tree, flat, said, succeeded};
use crate::talosctl::{Held, Talosctl};

/// Cluster of the stage tree that starts from bare Proxmox VE hosts.
pub const CLUSTER: &str = "cluster-101";

/// Its machines.
pub const MACHINES: [&str; 6] = [
    "solcp01", "solcp02", "solcp03", "solwk01", "solwk02", "solwk03",
];

/// Their addresses, in the same order.
pub const ADDRESSES: [&str; 6] = [
    "10.101.0.11",
    "10.101.0.12",
    "10.101.0.13",
    "10.101.0.21",
    "10.101.0.22",
    "10.101.0.23",
];

/// A lab, and stages that work on it.
pub struct Rehearsal {
    /// The lab.
    pub lab: Lab,
    /// The stages; an editable copy.
    pub tree: Tree,
    /// terragrunt and the core of all commands.
    pub runner: Runner,
    folder: TempDir,
}

impl Rehearsal {
    /// An empty world with what a scenario says, and stages that were never run.
    pub fn new(runner: Runner, scenario: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lab-").tempdir()?;
        let lab = Lab::serve(&folder.path().join("lab"), scenario)?;
        let work = folder.path().join("work");
        let tree = Tree::copy(CLUSTER, &stages::plugin()?, &work)?;
        Ok(Self {
            lab,
            tree,
            runner,
            folder,
        })
    }

    /// A folder for files of a test.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// terragrunt in one stage.
    pub fn command(&self, stage: Stage, arguments: &[&str]) -> Command {
        let start = |program: &Path| self.lab.command(program);
        self.tree.command(&self.runner, stage, arguments, &start)
    }

    /// terragrunt over all stages.
    pub fn command_all(&self, arguments: &[&str]) -> Command {
        let start = |program: &Path| self.lab.command(program);
        self.tree.command_all(&self.runner, arguments, &start)
    }

    /// Runs terragrunt in one stage.
    pub fn run(&self, stage: Stage, arguments: &[&str]) -> Result<Output> {
        let output = self.command(stage, arguments).output();
        output.with_context(|| format!("cannot run {}", self.runner.name))
    }

    /// Runs terragrunt over all stages, with variables in its environment.
    pub fn run_all(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Output> {
        let mut command = self.command_all(arguments);
        let output = command.envs(variables.iter().copied()).output();
        output.with_context(|| format!("cannot run {}", self.runner.name))
    }

    /// Runs terragrunt in one stage, which must succeed; what it said.
    pub fn expect(&self, stage: Stage, arguments: &[&str]) -> Result<String> {
        succeeded(stage.name(), arguments, &self.run(stage, arguments)?)
    }

    /// Plans a stage and reads the plan back.
    pub fn plan(&self, stage: Stage) -> Result<Planned> {
        let file = self.lab.files()?.join(format!("plan-{}", stage.name()));
        Planned::make(&file, |arguments| self.run(stage, arguments))
    }

    /// Official talosctl with the talosconfig of the stages.
    pub fn talosctl(&self) -> Result<Talosctl<'_>> {
        let (folder, output) = (
            self.lab.files()?,
            self.output(Stage::Config, "talosconfig")?,
        );
        let talosconfig = output.as_str().context("there is no talosconfig yet")?;
        fs::write(folder.join("talosconfig"), talosconfig)?;
        Ok(Talosctl::new(&self.lab, &folder)?)
    }

    /// The configurations that all machines hold, in order.
    pub fn held(&self) -> Result<Vec<Held>> {
        let talosctl = self.talosctl()?;
        ADDRESSES
            .iter()
            .map(|address| talosctl.held(address))
            .collect()
    }

    /// What tells the present boots of all machines from others, in order.
    pub fn boots(&self) -> Result<Vec<String>> {
        let talosctl = self.talosctl()?;
        let boots = ADDRESSES.iter().map(|address| talosctl.boot_id(address));
        Ok(boots.collect::<Result<_, _>>()?)
    }

    /// Runs a command over all stages that must succeed; what it said.
    pub fn expect_all(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        let output = self.run_all(arguments, variables)?;
        let text = said(&output);
        ensure!(
            output.status.success(),
            "{arguments:?} ended with {}\n{text}\n--- the lab\n{}",
            output.status,
            self.lab.log()
        );
        Ok(text)
    }

    /// Stages in which a plan has something to do, with what it says.
    pub fn left_to_do(&self) -> Result<Vec<(Stage, String)>> {
        let mut left = Vec::new();
        for stage in self.tree.stages() {
            let output = self.run(stage, &["plan", "-detailed-exitcode"])?;
            if output.status.code() != Some(0) {
                left.push((stage, flat(&said(&output))));
            }
        }
        Ok(left)
    }

    /// Panics unless the cluster is all there: six machines, one etcd with three voters, Flux, and nothing left to do.
    pub fn assert_complete(&self) -> Result<()> {
        let seen = self.lab.status()?;
        assert_eq!(seen.vms("running"), MACHINES, "{seen:?}");
        assert_eq!(seen.machines("running"), MACHINES, "{seen:?}");
        let voters = seen.voters();
        assert!(voters.len() == 3 && voters[0].len() == 3, "{voters:?}");
        assert!(voters.iter().all(|one| *one == voters[0]), "{voters:?}");
        assert_eq!(self.output(Stage::Bootstrap, "cluster_ready")?, true);
        assert_eq!(self.output(Stage::FluxInstance, "flux_ready")?, true);
        let left = self.left_to_do()?;
        assert!(left.is_empty(), "{left:?}");
        Ok(())
    }

    /// Panics unless nothing is left but the secrets.
    pub fn assert_gone(&self) -> Result<()> {
        let seen = self.lab.status()?;
        assert_eq!(seen.0["vms"].as_array().map(Vec::len), Some(0), "{seen:?}");
        let secrets = self.output(Stage::Secrets, "cluster_id")?;
        assert!(secrets.is_string(), "the secrets are gone");
        Ok(())
    }

    /// A stage's output, from its state.
    pub fn output(&self, stage: Stage, name: &str) -> Result<Value> {
        self.tree.output(stage, name)
    }
}
