//! Test programs on two lanes: those that start real machines one after the other, and everything else beside them.

use std::process::Command;

use anyhow::{Context, Result};

use super::programs::Program;
use super::tally::Tally;
use super::{Settings, follow};

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
pub fn run(programs: Vec<Program>, settings: &Settings<'_>) -> Result<Tally> {
    let (machines, beside): (Vec<_>, Vec<_>) = programs.into_iter().partition(starts_machines);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| lane(&beside, settings));
        let mut tally = lane(&machines, settings)?;
        let other = other
            .join()
            .map_err(|_| anyhow::anyhow!("a lane of tests panicked"))?;
        tally.add(&other?);
        Ok(tally)
    })
}

fn lane(programs: &[Program], settings: &Settings<'_>) -> Result<Tally> {
    let mut tally = Tally::default();
    for program in programs {
        tally.add(&one(program, settings)?);
    }
    Ok(tally)
}

fn starts_machines(program: &Program) -> bool {
    program.package == MACHINES && !WITHOUT.contains(&program.target.as_str())
}

/// Runs one, and passes on all that it says, each line with its name.
fn one(program: &Program, settings: &Settings<'_>) -> Result<Tally> {
    let name = format!("{}/{}", program.package, program.target);
    let (said, ears) = std::io::pipe().context("cannot make a pipe")?;
    let mut command = settings.give(Command::new(&program.path));
    command
        .current_dir(&program.folder)
        .stdout(ears.try_clone()?)
        .stderr(ears);
    if (program.package.as_str(), program.target.as_str()) == (MACHINES, WAITING.0) {
        command.env("RUST_TEST_THREADS", WAITING.1);
    }
    let failed = format!("{name}: ended without a result");
    follow(command, said, &format!("{name}: "), &failed)
}
