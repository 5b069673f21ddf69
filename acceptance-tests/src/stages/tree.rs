//! The folder of stages, and commands in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{Runner, mirror};

/// Stages of a cluster, in the order in which they depend on each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Certificate authorities and tokens.
    Secrets,
    /// The boot image.
    Artifacts,
    /// Virtual machines.
    Compute,
    /// Configurations, rendered.
    Config,
    /// Configurations, brought to the machines.
    Apply,
    /// Patches over them.
    Patch,
    /// etcd and Kubernetes.
    Bootstrap,
    /// What runs Flux.
    FluxOperator,
    /// Flux itself, and what it is synced with.
    FluxInstance,
}

impl Stage {
    /// In order. A cluster need not have all of them: see [`Tree::stages`].
    pub const ALL: [Self; 9] = [
        Self::Secrets,
        Self::Artifacts,
        Self::Compute,
        Self::Config,
        Self::Apply,
        Self::Patch,
        Self::Bootstrap,
        Self::FluxOperator,
        Self::FluxInstance,
    ];

    /// Name of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Artifacts => "artifacts",
            Self::Compute => "compute",
            Self::Config => "config",
            Self::Apply => "apply",
            Self::Patch => "patch",
            Self::Bootstrap => "bootstrap",
            Self::FluxOperator => "flux-operator",
            Self::FluxInstance => "flux-instance",
        }
    }
}

/// A stage tree with the plugin that it uses.
pub struct Tree {
    root: PathBuf,
    work: PathBuf,
    cluster: String,
    cli_config: PathBuf,
}

impl Tree {
    /// The checkout's own tree; state, caches and the mirror are kept in `work`.
    pub fn of_checkout(cluster: &str, plugin: &Path, work: &Path) -> Result<Self> {
        Self::at(checkout()?.join("terragrunt"), cluster, plugin, work)
    }

    /// A copy below `work` that may be edited.
    pub fn copy(cluster: &str, plugin: &Path, work: &Path) -> Result<Self> {
        Self::copy_to(&work.join("terragrunt"), cluster, plugin, work)
    }

    /// A copy at `root` that may be edited; state, caches and the mirror are kept in `work`.
    ///
    /// No folder on the way to `root` may be hidden: terragrunt 0.89 finds no stages there.
    pub fn copy_to(root: &Path, cluster: &str, plugin: &Path, work: &Path) -> Result<Self> {
        copy_folder(&checkout()?.join("terragrunt"), root)?;
        Self::at(root.to_owned(), cluster, plugin, work)
    }

    fn at(root: PathBuf, cluster: &str, plugin: &Path, work: &Path) -> Result<Self> {
        fs::create_dir_all(work)?;
        let work = work.canonicalize()?;
        let cli_config = mirror::install(plugin, &work)?;
        Ok(Self {
            root: root.canonicalize()?,
            work,
            cluster: cluster.to_owned(),
            cli_config,
        })
    }

    /// Folder of the cluster.
    pub fn cluster(&self) -> PathBuf {
        self.root.join("live/clusters").join(&self.cluster)
    }

    /// Stages that the cluster has, in order.
    pub fn stages(&self) -> Vec<Stage> {
        let there = |stage: &Stage| self.stage(*stage).is_dir();
        Stage::ALL.into_iter().filter(there).collect()
    }

    /// Folder of a stage.
    pub fn stage(&self, stage: Stage) -> PathBuf {
        self.cluster().join(stage.name())
    }

    /// State file of a stage.
    pub fn state_file(&self, stage: Stage) -> PathBuf {
        self.work
            .join("state/live/clusters")
            .join(&self.cluster)
            .join(stage.name())
            .join("terraform.tfstate")
    }

    /// A stage's state.
    pub fn state(&self, stage: Stage) -> Result<Value> {
        let file = self.state_file(stage);
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("cannot parse {}", file.display()))
    }

    /// A stage's output, from its state.
    pub fn output(&self, stage: Stage, name: &str) -> Result<Value> {
        Ok(self.state(stage)?["outputs"][name]["value"].clone())
    }

    /// The CLI configuration that finds the plugin.
    pub fn cli_config(&self) -> &Path {
        &self.cli_config
    }

    /// `command` (terragrunt itself, or something that starts it) with this tree's environment, in `folder`.
    pub fn prepare(&self, mut command: Command, runner: &Runner, folder: &Path) -> Command {
        for (name, _) in std::env::vars_os() {
            let foreign = ["TF_", "TG_", "TERRAGRUNT_", "TALOS", "KUBE", "PROXMOX_"];
            if name
                .to_str()
                .is_some_and(|name| foreign.iter().any(|prefix| name.starts_with(prefix)))
            {
                command.env_remove(name);
            }
        }
        command
            .current_dir(folder)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("TG_TF_PATH", &runner.core)
            .env("TG_NON_INTERACTIVE", "true")
            .env("TG_NO_COLOR", "true")
            .env("TG_DOWNLOAD_DIR", self.work.join(mirror::CACHE))
            .env("TALOS_STACK_STATE_DIR", self.work.join("state"));
        command
    }

    /// terragrunt in one stage. `start` makes the command: on the host, or inside a network.
    pub fn command(
        &self,
        runner: &Runner,
        stage: Stage,
        arguments: &[&str],
        start: &dyn Fn(&Path) -> Command,
    ) -> Command {
        let mut command = self.prepare(start(&runner.terragrunt), runner, &self.stage(stage));
        command.args(arguments);
        command
    }

    /// terragrunt over all stages.
    pub fn command_all(
        &self,
        runner: &Runner,
        arguments: &[&str],
        start: &dyn Fn(&Path) -> Command,
    ) -> Command {
        let mut command = self.prepare(start(&runner.terragrunt), runner, &self.cluster());
        command.args(runner.all).args(arguments);
        command
    }

    /// Runs terragrunt in one stage.
    pub fn run(
        &self,
        runner: &Runner,
        stage: Stage,
        arguments: &[&str],
        start: &dyn Fn(&Path) -> Command,
    ) -> Result<Output> {
        output(self.command(runner, stage, arguments, start))
    }

    /// Runs terragrunt over all stages.
    pub fn run_all(
        &self,
        runner: &Runner,
        arguments: &[&str],
        start: &dyn Fn(&Path) -> Command,
    ) -> Result<Output> {
        output(self.command_all(runner, arguments, start))
    }

    /// Text of a file by its path from the cluster's folder: `config/layers/all.yaml`, `../../../modules/compute/main.tf`.
    pub fn read(&self, file: &str) -> Result<String> {
        let file = self.cluster().join(file);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }

    /// Writes such a file; its folder is made.
    pub fn write(&self, file: &str, text: &str) -> Result<()> {
        let file = self.cluster().join(file);
        let folder = file.parent().context("a file without a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Removes such a file.
    pub fn remove(&self, file: &str) -> Result<()> {
        let file = self.cluster().join(file);
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))
    }

    /// Replaces every `from` in such a file; an error where there is none. What it was before.
    pub fn edit(&self, file: &str, from: &str, to: &str) -> Result<String> {
        let before = self.read(file)?;
        ensure!(before.contains(from), "{from:?} is not in {file}");
        self.write(file, &before.replace(from, to))?;
        Ok(before)
    }
}

fn output(mut command: Command) -> Result<Output> {
    command
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))
}

/// Root of the checkout that this crate was built from.
pub fn checkout() -> Result<PathBuf> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder
        .parent()
        .map(Path::to_path_buf)
        .context("the acceptance-tests crate has moved")
}

/// Copies files and folders; leaves out what terragrunt wrote.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if name == ".terragrunt-cache" || name == ".state" || name == ".terraform" {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), &to.join(&name))?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(&name))?;
        } else {
            bail!("{} is neither a file nor a folder", entry.path().display());
        }
    }
    Ok(())
}
