//! Runs all stages and tells, line by line, what each is doing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use acceptance_tests::stages::{Runner, Stage, Tree};
use anyhow::Result;

use super::site::Site;
use crate::apply::{self, lines};
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

impl Report {
    /// Whether every stage came to its end. terragrunt that is interrupted does not always end with an error.
    pub fn is_done(&self, stages: &[Stage]) -> bool {
        let came = |stage: &Stage| self.results.contains_key(stage.name());
        !self.failed && stages.iter().all(came)
    }
}

/// terragrunt over all stages inside the site; everything it writes goes to `log`, too.
pub fn apply(tree: &Tree, runner: &Runner, site: &Site, log: &Path) -> Result<Report> {
    let command = site.command(&runner.terragrunt);
    let begun = Instant::now();
    let mut report = Report::default();
    let each = |line: &str| {
        follow(&mut report, line, begun.elapsed());
        Ok(())
    };
    let done = apply::run(tree, runner, command, log, each)?;
    report.failed = !done;
    Ok(report)
}

/// Notes what a line says of its stage, and shows what people want to see.
fn follow(report: &mut Report, line: &str, at: Duration) {
    let seconds = at.as_secs_f64();
    let Some(read) = lines::read(line) else {
        if let Some(complaint) = lines::complaint(line) {
            say(&format!(
                "{seconds:>6.1}s  {:<13}  {complaint}",
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
        say(&format!("{seconds:>6.1}s  {:<13}  {news}", read.stage));
    }
}
