//! `terragrunt run --all apply`, followed line by line while it runs.

pub mod lines;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use acceptance_tests::stages::{Runner, Tree};
use anyhow::{Context, Result};

/// Applies all stages; whether that went well. `terragrunt` is a command that starts it, everything it writes goes to
/// `log`, too, and `each` gets every line when it comes.
pub fn run(
    tree: &Tree,
    runner: &Runner,
    terragrunt: Command,
    log: &Path,
    mut each: impl FnMut(&str) -> Result<()>,
) -> Result<bool> {
    let mut log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = tree.prepare(terragrunt, runner, &tree.cluster());
    // Without the provider's log nobody could see what it waits for.
    command
        .args(runner.all)
        .arg("apply")
        .env("TF_LOG_PROVIDER", "INFO")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start terragrunt")?;
    for line in output(&mut child)? {
        writeln!(log, "{line}").context("cannot write the log")?;
        each(&line)?;
    }
    let status = child.wait().context("cannot wait for terragrunt")?;
    Ok(status.success())
}

/// Lines of both of a program's outputs, as they come.
fn output(child: &mut Child) -> Result<Receiver<String>> {
    let out = child.stdout.take().context("terragrunt has no output")?;
    let errors = child.stderr.take().context("terragrunt has no errors")?;
    let (send, lines) = channel();
    let both: [Box<dyn Read + Send>; 2] = [Box::new(out), Box::new(errors)];
    for output in both {
        let send = send.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    Ok(lines)
}
