//! A cluster that our own stages made on real machines, from which tests start in seconds.
//!
//! State is kept in [`World::work`], which is saved with the machines' disks; whatever holds
//! absolute paths (terragrunt's cache) is made anew where the world comes back.

mod observe;
pub mod single;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::Result;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::cache;
use crate::machines::{Rack, RackSpec};
use crate::progress::{Quiet, Stderr};
use crate::stages::{self, Runner, Stage, Tree};
use crate::talosctl::Talosctl;

pub use crate::stages::{said, succeeded};

/// Cluster of the stage tree that suits real machines.
pub const CLUSTER: &str = "real-101";

/// Its machines, at 10.5.0.11, .12 and .13.
pub const MACHINES: [&str; 3] = ["realcp01", "realcp02", "realcp03"];

/// How long etcd may take to have all its voters.
const VOTERS: Duration = Duration::from_secs(120);

const PREFIX: &str = "stages";

/// Machines, and the stages that made a cluster of them.
pub struct World {
    /// The stages; an editable copy.
    pub tree: Tree,
    /// terragrunt and the core of all commands.
    pub runner: Runner,
    /// The machines.
    pub rack: Rack,
    _root: TempDir,
}

impl World {
    /// Three voters and an API server that is coming up: from disks, or built first where nothing is saved.
    pub fn cluster(runner: Runner) -> Result<Self> {
        let name = name()?;
        if !Rack::has_world(&name, &mut Stderr)? {
            let built = Self::machines(Runner::current(&mut Quiet)?)?;
            built.expect_all(&["apply"])?;
            built.save()?;
        }
        let rack = Rack::start(RackSpec::named(MACHINES).from_world(name), &mut Stderr)?;
        let world = Self::on(rack, runner)?;
        world.wait_for_voters()?;
        Ok(world)
    }

    /// Three machines in maintenance mode, and stages that were never run.
    pub fn machines(runner: Runner) -> Result<Self> {
        Self::on(Rack::start(RackSpec::named(MACHINES), &mut Stderr)?, runner)
    }

    fn on(rack: Rack, runner: Runner) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("stages-").tempdir()?;
        let tree = Tree::copy_to(
            &root.path().join("terragrunt"),
            CLUSTER,
            &stages::plugin()?,
            &work(&rack)?,
        )?;
        Ok(Self {
            tree,
            runner,
            rack,
            _root: root,
        })
    }

    /// Saves disks and state for [`Self::cluster`], in place of what earlier versions of the tree left.
    pub fn save(self) -> Result<()> {
        self.credentials()?;
        let work = work(&self.rack)?;
        for entry in fs::read_dir(&work)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("state") {
                fs::remove_dir_all(path)?;
            }
        }
        let name = name()?;
        forget_others(&name);
        for machine in self.rack.machines() {
            machine.kill()?;
        }
        Ok(self.rack.save(&name)?)
    }

    /// Folder of state, mirror and caches.
    pub fn work(&self) -> Result<PathBuf> {
        work(&self.rack)
    }

    /// Runs terragrunt in one stage, in the machines' network.
    pub fn run(&self, stage: Stage, arguments: &[&str]) -> Result<Output> {
        let start = |program: &Path| self.rack.command(program);
        self.tree.run(&self.runner, stage, arguments, &start)
    }

    /// Runs terragrunt over all stages, in the machines' network.
    pub fn run_all(&self, arguments: &[&str]) -> Result<Output> {
        let start = |program: &Path| self.rack.command(program);
        self.tree.run_all(&self.runner, arguments, &start)
    }

    /// [`Self::run`] that must succeed; what it said.
    pub fn expect(&self, stage: Stage, arguments: &[&str]) -> Result<String> {
        succeeded(stage.name(), arguments, &self.run(stage, arguments)?)
    }

    /// [`Self::run_all`] that must succeed; what it said.
    pub fn expect_all(&self, arguments: &[&str]) -> Result<String> {
        succeeded("all stages", arguments, &self.run_all(arguments)?)
    }

    /// A stage's output, from its state.
    pub fn output(&self, stage: Stage, name: &str) -> Result<serde_json::Value> {
        self.tree.output(stage, name)
    }

    /// Official talosctl and kubectl with the talosconfig and kubeconfig of the stages, once there are any.
    pub fn talosctl(&self) -> Result<Talosctl<'_>> {
        Ok(Talosctl::new(&self.rack, &self.credentials()?)?)
    }

    /// Waits for three voters in etcd.
    pub fn wait_for_voters(&self) -> Result<()> {
        let three = |text: &str| voters(text) == MACHINES.len();
        self.talosctl()?
            .wait("10.5.0.11", &["etcd", "members"], VOTERS, three)?;
        Ok(())
    }

    /// Writes what the stages put out for people; the folder of it.
    fn credentials(&self) -> Result<PathBuf> {
        let folder = self.rack.files()?;
        for (stage, name) in [
            (Stage::Config, "talosconfig"),
            (Stage::Bootstrap, "kubeconfig"),
        ] {
            if let Ok(serde_json::Value::String(text)) = self.output(stage, name) {
                fs::write(folder.join(name), text)?;
            }
        }
        Ok(folder)
    }
}

/// Members that vote, in what `talosctl etcd members` prints.
pub fn voters(members: &str) -> usize {
    let votes = |line: &&str| line.trim_end().ends_with("false");
    members.lines().filter(votes).count()
}

fn work(rack: &Rack) -> Result<PathBuf> {
    Ok(rack.files()?.join("work"))
}

/// A world's name: other stages or modules make another world.
fn name() -> Result<String> {
    let root = stages::checkout()?.join("terragrunt");
    let mut files = vec![root.join("root.hcl")];
    list(&root.join("modules"), &mut files)?;
    list(&root.join("live/clusters").join(CLUSTER), &mut files)?;
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        let path = file.strip_prefix(&root)?.as_os_str();
        digest.update(path.as_encoded_bytes());
        digest.update(fs::read(&file)?);
    }
    let digest = digest.finalize();
    let short: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("{PREFIX}-{short}"))
}

/// Files that a stage is made of; neither state nor caches.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden {
                list(&path, files)?;
            }
        } else if path.extension().is_some_and(|kind| kind != "md") {
            files.push(path);
        }
    }
    Ok(())
}

/// Removes worlds of other trees: each is a gigabyte that nobody will start from.
fn forget_others(name: &str) {
    let worlds = fs::read_dir(cache::root().join("worlds"));
    for entry in worlds.into_iter().flatten().flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        if found.starts_with(&format!("{PREFIX}-")) && !found.starts_with(name) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learners_do_not_vote() {
        let members = "NODE  ID  HOSTNAME  PEER URLS  CLIENT URLS  LEARNER\n\
            10.5.0.11  a  realcp01  x  y  false\n10.5.0.11  b  realcp02  x  y  true\n";
        assert_eq!(voters(members), 1);
    }

    #[test]
    fn a_world_is_named_by_its_tree() {
        let name = name().unwrap();
        assert_eq!(name.len(), "stages-".len() + 12, "{name}");
    }
}
