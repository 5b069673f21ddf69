//! `cargo xtask test`: everything that decides whether a change lands.

mod lanes;
mod programs;
mod tally;

use std::fs;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::path::Path;
use std::process::Command;

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

/// What every test is told.
struct Settings<'a> {
    skips: &'a Path,
    deep: bool,
}

impl Settings<'_> {
    fn give(&self, mut command: Command) -> Command {
        command.env(SKIPS, self.skips);
        if self.deep {
            command.env(DEEP, "1");
        }
        command
    }
}

/// Runs all steps, goes on after a failed one, and closes with one line that counts.
pub fn run(args: &Args) -> Result<()> {
    let skips =
        tempfile::NamedTempFile::new().context("cannot create the list of skipped tests")?;
    let settings = Settings {
        skips: skips.path(),
        deep: args.deep,
    };
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
        step.prepare()?;
        let mut command = settings.give(step.command()?);
        let (said, ears) = std::io::pipe().context("cannot make a pipe")?;
        command.stdout(ears);
        let counted = follow(command, said, "", &format!("step failed: {}", step.name))?;
        tally.add(&counted);
    }
    workspace::say("\n=== tests");
    match programs::build()? {
        Some(programs) => tally.add(&lanes::run(programs, &settings)?),
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

    /// cargo-deny reads the crates of all platforms, and a fresh machine has those of its own only. Where they cannot be fetched, it
    /// tells what is missing.
    fn prepare(&self) -> Result<()> {
        if self.arguments.first() == Some(&"deny") {
            let mut fetch = workspace::cargo();
            fetch.args(["fetch", "--locked", "--quiet"]);
            fetch.current_dir(workspace::root()?).status()?;
        }
        Ok(())
    }

    fn command(&self) -> Result<Command> {
        let mut command = workspace::cargo();
        command.args(self.arguments).current_dir(workspace::root()?);
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

/// Runs a command that speaks into the pipe of `said`, passes on each line after `prefix`, and counts. One that fails without a
/// failed test counts as one, and `failed` is told.
fn follow(mut command: Command, said: PipeReader, prefix: &str, failed: &str) -> Result<Tally> {
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    // Its ends of the pipe would keep it open.
    drop(command);
    let mut tally = Tally::default();
    for line in BufReader::new(said).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        tally.read(&line);
        workspace::say(&format!("{prefix}{line}"));
    }
    if !child.wait()?.success() && tally.failed == 0 {
        tally.failed = 1;
        workspace::say(failed);
    }
    Ok(tally)
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
