//! Runs all stages and tells, line by line, what each is doing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use acceptance_tests::machines::Rack;
use acceptance_tests::stages::{Runner, Stage, Tree};
use anyhow::{Context, Result};

use crate::workspace::say;

/// What a run showed.
pub struct Report {
    /// Whether terragrunt ended with an error.
    pub failed: bool,
    /// First and last line of each stage, from the start of the run.
    pub spans: BTreeMap<&'static str, (Duration, Duration)>,
    /// `Apply complete!` line of each stage, or none.
    pub results: BTreeMap<&'static str, String>,
}

/// terragrunt over all stages inside the machines' network.
pub fn apply(tree: &Tree, runner: &Runner, rack: &Rack) -> Result<Report> {
    let command = rack.command(&runner.terragrunt);
    let mut command = tree.prepare(command, runner, &tree.cluster());
    command
        .args(runner.all)
        .arg("apply")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().context("cannot start terragrunt")?;
    let (send, lines) = std::sync::mpsc::channel();
    let outputs: [Box<dyn std::io::Read + Send>; 2] = [
        Box::new(child.stdout.take().context("terragrunt has no output")?),
        Box::new(
            child
                .stderr
                .take()
                .context("terragrunt has no error output")?,
        ),
    ];
    for output in outputs {
        let send = send.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    drop(send);
    let mut report = Report {
        failed: false,
        spans: BTreeMap::new(),
        results: BTreeMap::new(),
    };
    for line in lines {
        follow(&mut report, &line, begun.elapsed());
    }
    report.failed = !child
        .wait()
        .context("cannot wait for terragrunt")?
        .success();
    Ok(report)
}

/// One line of terragrunt: whose it is, whether people want to see it, and what it says of the stage.
fn follow(report: &mut Report, line: &str, at: Duration) {
    let Some((stage, text)) = attribute(line) else {
        if line.contains("ERROR") || line.contains("WARN") {
            say(&format!("{:>6.1}s              {line}", at.as_secs_f64()));
        }
        return;
    };
    let span = report.spans.entry(stage).or_insert((at, at));
    span.1 = at;
    if text.contains("Apply complete!") {
        report.results.insert(stage, text.trim().to_owned());
    }
    if is_news(text) {
        say(&format!(
            "{:>6.1}s  {stage:<10}  {}",
            at.as_secs_f64(),
            text.trim()
        ));
    }
}

/// Stage and text of a line such as `12:00:01.123 STDOUT [apply] tofu: text`.
fn attribute(line: &str) -> Option<(&'static str, &str)> {
    let (before, rest) = line.split_once(']')?;
    let (_, name) = before.rsplit_once('[')?;
    let stage = Stage::ALL
        .into_iter()
        .find(|stage| name.trim_end_matches('/').rsplit('/').next() == Some(stage.name()))?;
    let text = rest.trim_start();
    let text = ["tofu: ", "terraform: "]
        .iter()
        .find_map(|core| text.strip_prefix(core))
        .unwrap_or(text);
    Some((stage.name(), text))
}

/// Lines that tell what is going on; the plan itself is long and can be read with `terragrunt plan`.
fn is_news(text: &str) -> bool {
    const NEWS: [&str; 12] = [
        "Creating...",
        "Creation complete",
        "Still creating",
        "Modifying...",
        "Modifications complete",
        "Still modifying",
        "Apply complete!",
        "No changes.",
        "Plan:",
        "Warning:",
        "Error:",
        "TS-",
    ];
    NEWS.iter().any(|news| text.contains(news)) || text.trim_start().starts_with('│')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_down_to_their_stage() {
        let line =
            "12:00:01.123 STDOUT [apply] tofu: talos_machine_apply.node[\"realcp01\"]: Creating...";
        assert_eq!(
            attribute(line),
            Some((
                "apply",
                "talos_machine_apply.node[\"realcp01\"]: Creating..."
            ))
        );
        assert_eq!(
            attribute("12:00:01.123 INFO   The runner-pool runner has started"),
            None
        );
        assert!(is_news(
            "talos_bootstrap.cluster: Still creating... [10s elapsed]"
        ));
        assert!(!is_news("  + id = (known after apply)"));
    }
}
