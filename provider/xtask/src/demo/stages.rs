//! Runs all stages and tells, line by line, what each is doing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use acceptance_tests::stages::{Runner, Tree};
use anyhow::{Context, Result};

use super::lines;
use super::site::Site;
use crate::workspace::say;

/// What a run showed.
#[derive(Default)]
pub struct Report {
    /// Whether terragrunt ended with an error.
    pub failed: bool,
    /// First and last line of each stage, from the start of the run.
    pub spans: BTreeMap<&'static str, (Duration, Duration)>,
    /// `3 added, 0 changed, 0 destroyed.` of each stage that was applied.
    pub results: BTreeMap<&'static str, String>,
}

/// terragrunt over all stages inside the site; everything it writes goes to `log`, too.
pub fn apply(tree: &Tree, runner: &Runner, site: &Site, log: &Path) -> Result<Report> {
    let mut log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let command = site.command(&runner.terragrunt);
    let mut command = tree.prepare(command, runner, &tree.cluster());
    // Without the provider's log nobody could see what it waits for.
    command
        .args(runner.all)
        .arg("apply")
        .env("TF_LOG_PROVIDER", "INFO")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().context("cannot start terragrunt")?;
    let mut report = Report::default();
    for line in output(&mut child)? {
        writeln!(log, "{line}").context("cannot write the log")?;
        follow(&mut report, &line, begun.elapsed());
    }
    let status = child.wait().context("cannot wait for terragrunt")?;
    report.failed = !status.success();
    Ok(report)
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

/// Notes what a line says of its stage, and shows what people want to see.
fn follow(report: &mut Report, line: &str, at: Duration) {
    let seconds = at.as_secs_f64();
    let Some(read) = lines::read(line) else {
        if let Some(complaint) = lines::complaint(line) {
            say(&format!(
                "{seconds:>6.1}s  {:<10}  {complaint}",
                "terragrunt"
            ));
        }
        return;
    };
    report.spans.entry(read.stage).or_insert((at, at)).1 = at;
    if let Some(result) = read.result {
        report.results.insert(read.stage, result.to_owned());
    }
    if let Some(news) = read.news {
        say(&format!("{seconds:>6.1}s  {:<10}  {news}", read.stage));
    }
}
