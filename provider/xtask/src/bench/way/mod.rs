//! The whole way on the lab: how long it takes beside what the lab itself needs, and how soon the provider sees that
//! something it waits for has happened.

mod milestones;
mod watch;

use std::path::Path;
use std::time::{Duration, Instant};

use acceptance_tests::lab::{Lab, TOOLS};
use acceptance_tests::progress::Stderr;
use acceptance_tests::stages::{Runner, Stage, Tree};
use acceptance_tests::tools::{self, Tool};
use anyhow::{Context, Result, bail};

use crate::apply::{self, lines};
use crate::workspace;
use milestones::{Happened, Seen};
use watch::Watch;

/// What one run showed.
pub struct Way {
    /// From the start of terragrunt to its end.
    pub wall: Duration,
    /// Of it, what the lab itself needed: in each stage with machines or Flux in it, from the first object that is
    /// begun to the last thing in the lab that the stage waits for.
    pub lab: Duration,
    /// For each object that waits for the lab: from what it waited for to its completion.
    pub lags: Vec<Duration>,
}

/// Takes cluster-101 from empty hosts to a Ready FluxInstance; `speed` is the lab's.
pub fn measure(plugin: &Path, speed: &str) -> Result<Way> {
    workspace::build("lab", "talos-lab")?;
    tools::ensure(&TOOLS, &mut Stderr)?;
    tools::ensure(&[Tool::Kubectl], &mut Stderr)?;
    let runner = Runner::current(&mut Stderr)?;
    let work = tempfile::tempdir()?;
    let lab = Lab::serve_at(speed, &work.path().join("lab"), "{}")?;
    let tree = Tree::copy("cluster-101", plugin, work.path())?;

    let mut seen = Seen::default();
    let mut watches = Vec::new();
    let log = work.path().join("apply.log");
    let begun = Instant::now();
    let each = |line: &str| {
        let Some(read) = lines::read(line) else {
            return Ok(());
        };
        seen.read(&read);
        if read.result.is_some() {
            watches.extend(watch_next(&lab, &tree, work.path(), read.stage)?);
        }
        Ok(())
    };
    let done = apply::run(&tree, &runner, lab.command(&runner.terragrunt), &log, each)?;
    let wall = begun.elapsed();
    if !done {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        bail!("the stages failed on the lab:\n{log}");
    }
    let mut happened = Happened::of_machines(&lab.milestones()?);
    for watch in watches {
        happened.add(watch.ended()?);
    }
    Ok(Way {
        wall,
        lab: milestones::lab_time(&seen, &happened),
        lags: milestones::lags(&seen, &happened),
    })
}

/// What the stage after the one that ended waits for, where that is an object of Kubernetes.
fn watch_next(lab: &Lab, tree: &Tree, folder: &Path, ended: &str) -> Result<Option<Watch>> {
    let kubeconfig = folder.join("kubeconfig");
    if ended == Stage::Bootstrap.name() {
        let text = tree.output(Stage::Bootstrap, "kubeconfig")?;
        let text = text.as_str().context("there is no kubeconfig")?;
        workspace::write_private(&kubeconfig, text)?;
        return Watch::operator(lab, &kubeconfig).map(Some);
    }
    if ended == Stage::FluxOperator.name() {
        return Watch::instance(lab, &kubeconfig).map(Some);
    }
    Ok(None)
}
