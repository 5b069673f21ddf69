//! The table at the end, and where to look next.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use acceptance_tests::stages::{Runner, Stage, Tree};
use acceptance_tests::tools::{self, Tool};
use anyhow::{Context, Result};

use super::site::Site;
use super::stages::Report;
use crate::workspace::{self, say};

/// Prints a line per stage, then commands to type.
pub fn print(
    tree: &Tree,
    runner: &Runner,
    site: &Site,
    report: &Report,
    folder: &Path,
) -> Result<()> {
    say("");
    let stages = tree.stages();
    let rows = stages.iter().map(|stage| row(tree, report, *stage));
    for line in crate::table::lines(&["stage", "seconds", "objects", "result"], rows) {
        say(&line);
    }
    let unchanged = stages.iter().all(|stage| is_unchanged(report, *stage));
    if unchanged {
        say("\nNothing changed: the cluster is as the stages describe it.");
    }
    if report.is_done(&stages) {
        where_to_look(tree, runner, site, folder)?;
        how_to_end(site.option);
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
        None => "not finished".to_owned(),
        Some(_) if is_unchanged(report, stage) => "no changes".to_owned(),
        Some(result) => result.trim_end_matches('.').to_owned(),
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
        .is_some_and(|result| result.starts_with("0 added, 0 changed, 0 destroyed"))
}

/// Managed objects in the stage's state.
fn objects(tree: &Tree, stage: Stage) -> usize {
    let state = tree.state(stage).unwrap_or_default();
    let resources = state["resources"].as_array().cloned().unwrap_or_default();
    let managed = resources
        .iter()
        .filter(|resource| resource["mode"] == "managed");
    managed
        .map(|resource| resource["instances"].as_array().map_or(0, Vec::len))
        .sum()
}

/// Writes credentials and the commands that use them, and says how to go on.
fn where_to_look(tree: &Tree, runner: &Runner, site: &Site, folder: &Path) -> Result<()> {
    let kubeconfig = write_output(tree, Stage::Bootstrap, "kubeconfig", folder)?;
    let talosconfig = write_output(tree, Stage::Config, "talosconfig", folder)?;
    let kubectl = site.line(&program(Tool::Kubectl)) + " --kubeconfig " + &kubeconfig;
    let talosctl = site.line(&program(Tool::Talosctl)) + " --talosconfig " + &talosconfig;
    let terragrunt = site.line(&runner.terragrunt.display().to_string());
    let kubectl = write_command(&folder.join("kubectl"), "", &kubectl)?;
    let talosctl = write_command(&folder.join("talosctl"), "", &talosctl)?;
    let settings = settings(tree, runner);
    let terragrunt = write_command(&folder.join("terragrunt"), &settings, &terragrunt)?;
    say("\nThe machines go on running. Where to look next:");
    say(&format!(
        "  {kubectl} get nodes                 (Ready within a minute)"
    ));
    say(&format!("  {talosctl} -n {} etcd members", site.machine));
    for (command, shows) in &site.hints {
        say(&format!("  {command}       ({shows})"));
    }
    say("\nChange something, see what it would do, and do it:");
    say(&format!("  cd {}", tree.cluster().display()));
    say(&format!(
        "  echo 'machine: {{ sysctls: {{ net.core.somaxconn: \"8192\" }} }}' > {PATCH}"
    ));
    say(&format!("  (cd patch && {terragrunt} plan)"));
    say(&format!(
        "  (cd patch && {terragrunt} apply)       or the demo again; rm {PATCH} takes it back"
    ));
    Ok(())
}

fn how_to_end(option: &str) {
    say(&format!(
        "\nEnd the machines:      cargo xtask demo{option} --stop       (the next demo goes on with their disks)"
    ));
    say(&format!(
        "Start from nothing:    cargo xtask demo{option} --fresh"
    ));
}

/// Where a patch for all machines goes, below the cluster's folder.
const PATCH: &str = "patch/patches/all.yaml";

/// What terragrunt needs to know to work on the demo's state with the built plugin, as lines of a shell script.
fn settings(tree: &Tree, runner: &Runner) -> String {
    let folder = tree.cluster();
    let command = tree.prepare(Command::new(&runner.terragrunt), runner, &folder);
    let set = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)));
    set.filter(|(name, _)| *name != "TG_NON_INTERACTIVE")
        .map(|(name, value)| format!("export {name}='{value}'\n"))
        .collect()
}

/// Where a tool is; its name where only PATH knows.
fn program(tool: Tool) -> String {
    let name = tool.recipe().name.to_owned();
    tools::find(tool).map_or(name, |ready| ready.path.display().to_string())
}

/// Writes a command that runs `line` with the arguments it gets, after `settings`.
fn write_command(file: &Path, settings: &str, line: &str) -> Result<String> {
    fs::write(file, format!("#!/bin/sh\n{settings}exec {line} \"$@\"\n"))
        .and_then(|()| fs::set_permissions(file, fs::Permissions::from_mode(0o700)))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file.display().to_string())
}

fn write_output(tree: &Tree, stage: Stage, name: &str, folder: &Path) -> Result<String> {
    let file = folder.join(name);
    let value = tree.output(stage, name)?;
    let value = value
        .as_str()
        .with_context(|| format!("there is no output {name}"))?;
    workspace::write_private(&file, value)?;
    Ok(file.display().to_string())
}
