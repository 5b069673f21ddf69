//! Test programs on two lanes: those that start real machines one after the other, and everything else beside them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::programs::Program;
use super::tally::Tally;
use super::{DEEP, SKIPS};
use crate::workspace;

/// Package whose tests start real machines.
const MACHINES: &str = "acceptance-tests";

/// Programs of it that start none.
const WITHOUT: [&str; 8] = [
    "lab",
    "flux",
    "offline",
    "examples",
    "imports",
    "protection",
    "foreign_provider",
    "acceptance_tests",
];

/// The program whose tests mostly wait, and how many of them run at the same time.
const WAITING: (&str, &str) = ("lab", "4");

/// Runs them all, and counts.
pub fn run(programs: Vec<Program>, skips: &Path, deep: bool, tally: &mut Tally) -> Result<()> {
    let (machines, beside): (Vec<_>, Vec<_>) = programs.into_iter().partition(starts_machines);
    let shared = Mutex::new(std::mem::take(tally));
    let lane = |programs: &[Program]| -> Result<()> {
        programs
            .iter()
            .try_for_each(|program| one(program, skips, deep, &shared))
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| lane(&beside));
        let ended = lane(&machines);
        let other = other
            .join()
            .map_err(|_| anyhow::anyhow!("a lane of tests panicked"))?;
        ended.and(other)
    })?;
    *tally = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(())
}

fn starts_machines(program: &Program) -> bool {
    program.package == MACHINES && !WITHOUT.contains(&program.target.as_str())
}

/// Runs one, and passes on what it says, each line with its name.
fn one(program: &Program, skips: &Path, deep: bool, tally: &Mutex<Tally>) -> Result<()> {
    let name = format!("{}/{}", program.package, program.target);
    let (said, ears) = std::io::pipe().context("cannot make a pipe")?;
    let mut child = command(program, skips, deep)
        .stdout(ears.try_clone()?)
        .stderr(ears)
        .spawn()
        .with_context(|| format!("cannot run {}", program.path.display()))?;
    let mut counted = Tally::default();
    for line in BufReader::new(said).lines() {
        let line = line.unwrap_or_default();
        counted.read(&line);
        workspace::say(&format!("{name}: {line}"));
    }
    if !child.wait()?.success() && counted.failed == 0 {
        counted.failed = 1;
        workspace::say(&format!("{name}: ended without a result"));
    }
    tally
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .add(&counted);
    Ok(())
}

fn command(program: &Program, skips: &Path, deep: bool) -> Command {
    let mut command = Command::new(&program.path);
    command.current_dir(&program.folder).env(SKIPS, skips);
    if (program.package.as_str(), program.target.as_str()) == (MACHINES, WAITING.0) {
        command.env("RUST_TEST_THREADS", WAITING.1);
    }
    if deep {
        command.env(DEEP, "1");
    }
    command
}
