//! `cargo xtask test`: everything that decides whether a change lands.

mod lanes;
mod programs;
mod tally;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;
use tally::Tally;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {
    /// Add the long randomized runs.
    #[arg(long)]
    deep: bool,
}

/// File into which tests write a line when they skip themselves: the reason.
const SKIPS: &str = "TALOS_STACK_SKIPS";

/// Asks for the long randomized runs.
const DEEP: &str = "TALOS_STACK_DEEP";

/// Runs all steps, goes on after a failed one, and closes with one line that counts.
pub fn run(args: &Args) -> Result<()> {
    let skips =
        tempfile::NamedTempFile::new().context("cannot create the list of skipped tests")?;
    let mut tally = Tally::default();
    for step in steps() {
        announce(&step);
        if let Some(program) = step.missing() {
            note(
                skips.path(),
                &format!("{}: {program} is not installed", step.name),
            )?;
            tally.passed += 1;
            continue;
        }
        let mut command = step.command(&skips.path().to_path_buf(), args.deep)?;
        let before = tally.failed;
        let ended_well = stream(&mut command, &mut tally)
            .with_context(|| format!("cannot run {}", step.name))?;
        if !ended_well && tally.failed == before {
            tally.failed += 1;
            workspace::say(&format!("step failed: {}", step.name));
        }
    }
    workspace::say("\n=== tests");
    match programs::build()? {
        Some(programs) => lanes::run(programs, skips.path(), args.deep, &mut tally)?,
        None => {
            tally.failed += 1;
            workspace::say("step failed: tests");
        }
    }
    close(tally, &fs::read_to_string(skips.path()).unwrap_or_default())
}

struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
}

/// In this order: the cheapest first, and nothing that a later step would build differently.
fn steps() -> Vec<Step> {
    let step = |name, arguments| Step { name, arguments };
    vec![
        step("formatting", &["fmt", "--all", "--check"]),
        step(
            "bindings",
            &[
                "run",
                "--quiet",
                "--package",
                "xtask",
                "--",
                "proto",
                "--check",
            ],
        ),
        // What is known of vulnerabilities comes from outside; what the tree itself decides is checked here.
        step(
            "dependencies",
            &["deny", "--offline", "check", "bans", "licenses", "sources"],
        ),
        step(
            "tools",
            &["run", "--quiet", "--package", "xtask", "--", "tools"],
        ),
        step(
            "lints",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ],
        ),
        step("plugin", &["build", "--package", "plugin"]),
        step(
            "registry pages",
            &[
                "run",
                "--quiet",
                "--package",
                "xtask",
                "--",
                "docs",
                "--check",
            ],
        ),
        step(
            "examples in the documentation",
            &["test", "--workspace", "--doc"],
        ),
    ]
}

impl Step {
    /// The program that a cargo command of its own needs, where it is not there.
    fn missing(&self) -> Option<String> {
        let program = match self.arguments.first() {
            Some(&"deny") => "cargo-deny",
            _ => return None,
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
        (!found).then(|| program.to_owned())
    }

    fn command(&self, skips: &PathBuf, deep: bool) -> Result<Command> {
        let mut command = workspace::cargo();
        command.args(self.arguments).current_dir(workspace::root()?);
        command.env(SKIPS, skips);
        if deep {
            command.env(DEEP, "1");
        }
        Ok(command)
    }
}

/// Adds a line to the list of skipped tests.
fn note(skips: &Path, line: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(skips)?;
    writeln!(file, "{line}").context("cannot note a skipped step")
}

fn announce(step: &Step) {
    workspace::say(&format!(
        "\n=== {}: cargo {}",
        step.name,
        step.arguments.join(" ")
    ));
}

/// Runs a command with its output passed on and read; true when it ended with success.
fn stream(command: &mut Command, tally: &mut Tally) -> Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("no output to read")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        tally.read(&line);
        workspace::say(&line);
    }
    Ok(child.wait()?.success())
}

fn close(mut tally: Tally, skips: &str) -> Result<()> {
    for reason in skips.lines() {
        workspace::say(&format!("skipped: {reason}"));
    }
    tally.move_skips(skips.lines().count() as u64);
    workspace::say(&format!(
        "\n{} passed, {} failed, {} skipped",
        tally.passed, tally.failed, tally.skipped
    ));
    std::io::stdout().flush()?;
    if tally.failed > 0 {
        bail!("{} failed", tally.failed);
    }
    Ok(())
}
