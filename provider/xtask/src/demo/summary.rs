//! The table at the end, and where to look next.

use std::fs;
use std::path::Path;
use std::time::Duration;

use acceptance_tests::stages::{Stage, Tree};
use anyhow::{Context, Result};

use super::stages::Report;
use crate::workspace::{self, say};

/// Prints a line per stage, then commands to type.
pub fn print(tree: &Tree, report: &Report, folder: &Path) -> Result<()> {
    say("");
    let rows = Stage::ALL.into_iter().map(|stage| row(tree, report, stage));
    for line in crate::table::lines(&["stage", "seconds", "objects", "result"], rows) {
        say(&line);
    }
    let unchanged = Stage::ALL
        .into_iter()
        .all(|stage| is_unchanged(report, stage));
    if unchanged {
        say("\nNothing changed: the cluster is as the stages describe it.");
    }
    if !report.failed {
        where_to_look(tree, folder)?;
    }
    Ok(())
}

fn row(tree: &Tree, report: &Report, stage: Stage) -> [String; 4] {
    let name = stage.name();
    let seconds = report
        .spans
        .get(name)
        .map_or(Duration::ZERO, |(first, last)| last.saturating_sub(*first));
    let result = match report.results.get(name) {
        None if report.failed => "not finished".to_owned(),
        None => "done".to_owned(),
        Some(_) if is_unchanged(report, stage) => "no changes".to_owned(),
        Some(line) => line
            .trim_start_matches("Apply complete! Resources: ")
            .trim_end_matches('.')
            .to_owned(),
    };
    [
        name.to_owned(),
        format!("{:.1}", seconds.as_secs_f64()),
        objects(tree, stage).to_string(),
        result,
    ]
}

fn is_unchanged(report: &Report, stage: Stage) -> bool {
    report
        .results
        .get(stage.name())
        .is_some_and(|line| line.contains("0 added, 0 changed, 0 destroyed"))
}

/// Managed objects in the stage's state.
fn objects(tree: &Tree, stage: Stage) -> usize {
    let Ok(text) = fs::read_to_string(tree.state_file(stage)) else {
        return 0;
    };
    let state: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let resources = state["resources"].as_array().cloned().unwrap_or_default();
    let managed = resources
        .iter()
        .filter(|resource| resource["mode"] == "managed");
    managed
        .map(|resource| resource["instances"].as_array().map_or(0, Vec::len))
        .sum()
}

/// Writes the credentials for people to use, and says how.
fn where_to_look(tree: &Tree, folder: &Path) -> Result<()> {
    let kubeconfig = write_output(
        tree,
        Stage::Bootstrap,
        "kubeconfig",
        &folder.join("kubeconfig"),
    )?;
    let talosconfig = write_output(
        tree,
        Stage::Config,
        "talosconfig",
        &folder.join("talosconfig"),
    )?;
    let rack = workspace::build("acceptance-tests", "talos-rack")?;
    let inside = format!(
        "{} exec --dir {} --",
        rack.display(),
        folder.join("rack").display()
    );
    let tool =
        |tool| acceptance_tests::tools::find(tool).map(|ready| ready.path.display().to_string());
    let kubectl =
        tool(acceptance_tests::tools::Tool::Kubectl).unwrap_or_else(|| "kubectl".to_owned());
    let talosctl =
        tool(acceptance_tests::tools::Tool::Talosctl).unwrap_or_else(|| "talosctl".to_owned());
    say("\nThe machines go on running. Where to look next:");
    say(&format!(
        "  {inside} {kubectl} --kubeconfig {kubeconfig} get nodes"
    ));
    say(&format!(
        "  {inside} {talosctl} --talosconfig {talosconfig} -n 10.5.0.11 etcd members"
    ));
    say(&format!("  the stages: {}", tree.cluster().display()));
    say(
        "  change something: put a patch into patch/patches/all.yaml there, and run the demo again",
    );
    say("  end the machines: cargo xtask demo --stop        start over: cargo xtask demo --fresh");
    Ok(())
}

fn write_output(tree: &Tree, stage: Stage, name: &str, file: &Path) -> Result<String> {
    let text = fs::read_to_string(tree.state_file(stage)).context("a stage left no state")?;
    let state: serde_json::Value =
        serde_json::from_str(&text).context("a stage's state cannot be read")?;
    let value = state["outputs"][name]["value"]
        .as_str()
        .with_context(|| format!("there is no output {name}"))?;
    workspace::write_private(file, value)?;
    Ok(file.display().to_string())
}
